/*
 * What only Windows does to files: other programs that hold them, names that mean the same, devices, long paths.
 *
 * Another program is played by this one, started anew; it opens files with the system's own calls. What is common to all
 * systems is tested by the other clients. Invariant: a file that is let go in time costs nobody more than that time; one
 * that is never let go is a status whose message names the file and the reason, nothing is lost, and the next try succeeds.
 *
 *     files WORKING_FOLDER
 *     files --hold PATH SHARE MILLISECONDS      (for itself; a negative time is for ever)
 *     files --store PATH                        (for itself)
 */
#include <windows.h>

#include "support.h"

#include <stdlib.h>
#include <string.h>

#define FOR_EVER "-1"
#define A_WHILE "300"
/* How others may use a file that somebody holds. */
#define ALONE "0"
#define NOT_WRITTEN "1"
#define NOT_REMOVED "3"

static const char *program;

static wchar_t *wide(const char *path)
{
    static wchar_t room[PATH_ROOM];
    wchar_t given[PATH_ROOM];
    CHECK_SAID(path, MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, given, PATH_ROOM) > 0);
    wcscpy(room, L"\\\\?\\");
    CHECK_SAID(path, GetFullPathNameW(given, PATH_ROOM - 4, room + 4, NULL) > 0);
    return room;
}

static int is_there(const char *path)
{
    return GetFileAttributesW(wide(path)) != INVALID_FILE_ATTRIBUTES;
}

/* The other program: opens a file as it says, tells so, and keeps it. */
static int hold(char **arguments)
{
    long milliseconds = atol(arguments[2]);
    HANDLE file = CreateFileW(wide(arguments[0]), GENERIC_READ, (DWORD)atol(arguments[1]), NULL, OPEN_EXISTING, 0, NULL);
    CHECK_SAID(arguments[0], file != INVALID_HANDLE_VALUE);
    CHECK_SAID("nobody reads", write_out("h", 1));
    Sleep(milliseconds < 0 ? INFINITE : (DWORD)milliseconds);
    CloseHandle(file);
    return 0;
}

/* The other program as one that writes to a store until it is killed. */
static int keep_store(const char *path)
{
    coffer_db db;
    CHECK_OK(coffer_open(path, NULL, &db));
    CHECK_OK(coffer_save_persistent_data(db, "slot", "\"of the other\""));
    CHECK_SAID("nobody reads", write_out("h", 1));
    Sleep(INFINITE);
    return 0;
}

static void wait_for_word(struct process *process)
{
    char word = 0;
    CHECK_SAID("the other program said nothing", fread(&word, 1, 1, process->output) == 1 && word == 'h');
}

static void start_holder(struct process *process, const char *path, const char *share, const char *milliseconds)
{
    const char *arguments[] = {"--hold", path, share, milliseconds, NULL};
    start_process(process, program, arguments);
    wait_for_word(process);
}

static void end_holder(struct process *process, const char *milliseconds)
{
    if (strcmp(milliseconds, FOR_EVER) != 0) {
        CHECK_SAID("the other program failed", wait_for_process(process) == 0);
        return;
    }
    kill_process(process);
    fclose(process->output);
}

/* The path of the one file in a folder whose name begins so; 0 if there is none. */
static int find_file(const char *folder, const char *begin, char *path)
{
    WIN32_FIND_DATAW found;
    char pattern[PATH_ROOM], name[MAX_PATH * 3];
    HANDLE search;
    snprintf(pattern, sizeof pattern, "%.3000s/%s*", folder, begin);
    search = FindFirstFileW(wide(pattern), &found);
    if (search == INVALID_HANDLE_VALUE)
        return 0;
    FindClose(search);
    CHECK_SAID(folder, WideCharToMultiByte(CP_UTF8, 0, found.cFileName, -1, name, sizeof name, NULL, NULL) > 0);
    snprintf(path, PATH_ROOM, "%.3000s/%s", folder, name);
    return 1;
}

static coffer_db open_at(const char *path)
{
    coffer_db db = 0;
    CHECK_OK(coffer_open(path, NULL, &db));
    return db;
}

static void save(coffer_db db, const char *json)
{
    CHECK_OK(coffer_save_persistent_data(db, "slot", json));
}

static void expect(coffer_db db, const char *expected)
{
    char *json = NULL;
    CHECK_OK(coffer_load_persistent_data(db, "slot", &json));
    CHECK_SAME(expected, json);
}

/* A refusal because of another program says so, and which file, in the form of a path that people know. */
static void check_refused(coffer_status expected, coffer_status actual, const char *piece)
{
    CHECK_STATUS(expected, actual);
    CHECK_HOLDS(coffer_last_error(), piece);
    CHECK(strstr(coffer_last_error(), "\\\\?\\") == NULL);
}

static void check_held(coffer_status actual, const char *piece)
{
    check_refused(COFFER_ERROR_IO, actual, piece);
    CHECK_HOLDS(coffer_last_error(), "another program holds it open");
}

static void a_second_process_is_told_who_has_the_store(void)
{
    char path[PATH_ROOM], said[64];
    struct process other;
    const char *arguments[] = {"--store", path, NULL};
    coffer_db db = 77;
    fresh_path(path, "second process");
    start_process(&other, program, arguments);
    wait_for_word(&other);
    sprintf(said, "is open in process %d;", other.id);
    check_refused(COFFER_ERROR_BUSY, coffer_open(path, NULL, &db), said);
    CHECK(db == 77);
    CHECK_OK(coffer_open(path, "{\"read_only\":true}", &db));
    expect(db, "\"of the other\"");
    CHECK_OK(coffer_close(db));
    kill_process(&other);
    fclose(other.output);
    db = open_at(path);
    expect(db, "\"of the other\"");
    CHECK_OK(coffer_close(db));
}

static void check_everything_at(const char *folder)
{
    char store[PATH_ROOM], file[PATH_ROOM], other[PATH_ROOM], *json = NULL;
    coffer_db db, second;
    snprintf(store, sizeof store, "%.3000s/store", folder);
    db = open_at(store);
    save(db, "1");
    CHECK_OK(coffer_checkpoint(db));
    save(db, "2");
    CHECK_OK(coffer_create_database_snapshot(db, "kept", NULL));
    snprintf(file, sizeof file, "%.3000s/out.json", folder);
    CHECK_OK(coffer_export_database_for_sharing(db, "json", file, NULL, NULL, NULL));
    CHECK_OK(coffer_export_database_for_sharing(db, "json", file, NULL, NULL, NULL));
    CHECK(is_there(file));
    snprintf(other, sizeof other, "%.3000s/snapshot.file", folder);
    CHECK_OK(coffer_export_snapshot(db, "kept", other, NULL));
    CHECK(is_there(other));
    CHECK_OK(coffer_export_database_for_sharing(db, "csv", NULL, NULL, NULL, &json));
    coffer_string_free(json);
    CHECK_OK(coffer_close(db));
    db = open_at(store);
    expect(db, "2");
    snprintf(store, sizeof store, "%.3000s/another", folder);
    second = open_at(store);
    CHECK_OK(coffer_import_database_from_external(second, file, "json", NULL, NULL, NULL, NULL));
    expect(second, "2");
    CHECK_OK(coffer_import_snapshot(second, other, "came", NULL));
    CHECK_OK(coffer_close(second));
    CHECK_OK(coffer_close(db));
    /* What is in the way is named in the form that was given, or in one that people know. */
    CHECK_STATUS(COFFER_ERROR_IO, coffer_open(file, NULL, &db));
    CHECK(strstr(coffer_last_error(), "\\\\?\\") == NULL);
}

static void unicode_and_blanks(void)
{
    char path[PATH_ROOM];
    fresh_path(path, "Spielst\xC3\xA4nde \xE5\xAD\x98\xE6\xA1\xA3 \xF0\x9F\x8E\xB2 of mine");
    ensure_folder(path);
    check_everything_at(path);
    CHECK(is_there(path));
}

static void paths_over_260_characters(void)
{
    char path[PATH_ROOM], relative[PATH_ROOM];
    wchar_t before[PATH_ROOM];
    coffer_db db;
    int i;
    fresh_path(path, "long");
    for (i = 0; i < 6; i++) {
        ensure_folder(path);
        strcat(path, "/a folder with a name of sixty characters, more or less, \xC3\xA4 ");
        strcat(path, i % 2 == 0 ? "one" : "two");
    }
    ensure_folder(path);
    CHECK(strlen(path) > 380);
    check_everything_at(path);
    /* The folder of the process itself cannot be that long, but what is relative to it can. */
    CHECK(GetCurrentDirectoryW(PATH_ROOM, before) > 0);
    strcpy(relative, path);
    relative[strlen(relative) - 5 * 62] = '\0';
    *strrchr(relative, '/') = '\0';
    CHECK(SetCurrentDirectoryW(wide(relative) + 4));
    snprintf(relative, sizeof relative, "%s/store", path + strlen(relative) + 1);
    db = open_at(relative);
    expect(db, "2");
    CHECK_OK(coffer_close(db));
    CHECK(SetCurrentDirectoryW(before));
}

static void two_spellings_are_one_store(void)
{
    static const char *const spellings[] = {"Two Spellings", "TWO SPELLINGS", "two spellings/", "two spellings/.",
                                            "two spellings/../Two spellings", "two spellings.", "two spellings "};
    char path[PATH_ROOM], *place;
    coffer_db db, again;
    size_t i;
    fresh_path(path, "two spellings");
    db = open_at(path);
    place = strrchr(path, '/') + 1;
    for (i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        char *back;
        strcpy(place, spellings[i]);
        for (back = path; i % 2 == 1 && (back = strchr(back, '/')) != NULL;)
            *back = '\\';
        again = open_at(path);
        save(again, "\"by another name\"");
        expect(db, "\"by another name\"");
        CHECK_OK(coffer_clear_database_entry(db, "slot"));
        CHECK_OK(coffer_close(again));
    }
    CHECK_OK(coffer_close(db));
}

static void devices_and_own_files_are_no_targets(void)
{
    static const char *const targets[] = {"NUL", "nul.json", "Aux", "aux.json", "COM1", "con", "lpt3.csv", "prn "};
    static const char *const own[] = {"lock", "LOCK", "lock.", "Lock ", "lock::$DATA", "lock:more", "IMAGE-0000000000000001.Coffer"};
    char folder[PATH_ROOM], target[PATH_ROOM];
    coffer_db db, other = 77;
    size_t i;
    fresh_path(folder, "devices");
    db = open_at(folder);
    save(db, "1");
    CHECK_OK(coffer_checkpoint(db));
    for (i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        snprintf(target, sizeof target, "%.3000s/%s", folder, targets[i]);
        CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_export_database_for_sharing(db, "json", target, NULL, NULL, NULL));
        CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT, coffer_export_snapshot(db, "latest", targets[i], NULL));
        CHECK_STATUS(COFFER_ERROR_INVALID_ARGUMENT,
                     coffer_import_database_from_external(db, target, "json", NULL, NULL, NULL, NULL));
    }
    for (i = 0; i < sizeof own / sizeof own[0]; i++) {
        snprintf(target, sizeof target, "%.3000s/%s", folder, own[i]);
        check_refused(COFFER_ERROR_INVALID_ARGUMENT, coffer_export_database_for_sharing(db, "json", target, NULL, NULL, NULL),
                      "among the store's own files");
    }
    CHECK_OK(coffer_close(db));
    db = open_at(folder);
    expect(db, "1");
    CHECK_OK(coffer_close(db));
    CHECK(coffer_open("NUL", NULL, &other) != COFFER_OK && other == 77);
}

/* The store's image and journal while somebody has them open: nobody waits, nothing is lost, and they go later. */
static void superfluous_files_that_are_held(const char *kind, const char *milliseconds)
{
    char path[PATH_ROOM], held[PATH_ROOM];
    struct process other;
    coffer_db db;
    fresh_path(path, "superfluous");
    db = open_at(path);
    save(db, "1");
    if (strcmp(kind, "image-") == 0)
        CHECK_OK(coffer_checkpoint(db));
    save(db, "2");
    CHECK(find_file(path, kind, held));
    start_holder(&other, held, NOT_REMOVED, milliseconds);
    CHECK_OK(coffer_checkpoint(db));
    CHECK(is_there(held));
    save(db, "3");
    CHECK_OK(coffer_checkpoint(db));
    save(db, "4");
    expect(db, "4");
    if (strcmp(milliseconds, FOR_EVER) == 0) {
        CHECK(is_there(held));
        /* The end waits a little, and then leaves it for the next beginning. */
        CHECK_OK(coffer_close(db));
        CHECK(is_there(held));
        db = open_at(path);
        expect(db, "4");
        CHECK(is_there(held));
    }
    end_holder(&other, milliseconds);
    save(db, "5");
    CHECK_OK(coffer_checkpoint(db));
    /* An older image that was met at an opening waits for the next one. */
    if (strcmp(milliseconds, FOR_EVER) != 0 || strcmp(kind, "journal-") == 0)
        CHECK(!is_there(held));
    CHECK_OK(coffer_close(db));
    db = open_at(path);
    expect(db, "5");
    CHECK_OK(coffer_close(db));
    CHECK(!is_there(held));
    /* The image and the lock. */
    CHECK(entries_in(path) == 2);
}

static void an_image_that_is_held_at_opening(const char *milliseconds)
{
    char path[PATH_ROOM], held[PATH_ROOM];
    struct process other;
    coffer_db db = open_at((fresh_path(path, "opening"), path));
    save(db, "1");
    CHECK_OK(coffer_close(db));
    CHECK(find_file(path, "image-", held));
    start_holder(&other, held, ALONE, milliseconds);
    if (strcmp(milliseconds, FOR_EVER) == 0)
        check_held(coffer_open(path, NULL, &db), strrchr(held, '/') + 1);
    else
        CHECK_OK(coffer_open(path, NULL, &db));
    end_holder(&other, milliseconds);
    if (strcmp(milliseconds, FOR_EVER) == 0)
        db = open_at(path);
    expect(db, "1");
    CHECK_OK(coffer_close(db));
}

/* A lock file in the hands of something that is no store is asked for longer than one in the hands of a store, and the
 * process that had it last is not taken for its owner. */
static void a_lock_file_that_is_held(const char *share, const char *milliseconds)
{
    char path[PATH_ROOM], held[PATH_ROOM];
    struct process other;
    coffer_db db = open_at((fresh_path(path, "locking"), path));
    save(db, "1");
    CHECK_OK(coffer_close(db));
    CHECK(find_file(path, "lock", held));
    start_holder(&other, held, share, milliseconds);
    if (strcmp(milliseconds, FOR_EVER) == 0)
        check_refused(COFFER_ERROR_BUSY, coffer_open(path, NULL, &db), "is open in another process;");
    else
        CHECK_OK(coffer_open(path, NULL, &db));
    end_holder(&other, milliseconds);
    if (strcmp(milliseconds, FOR_EVER) == 0)
        db = open_at(path);
    expect(db, "1");
    CHECK_OK(coffer_close(db));
}

static void targets_and_sources_that_are_held(const char *milliseconds)
{
    char path[PATH_ROOM], file[PATH_ROOM], unfinished[PATH_ROOM];
    struct process other;
    int for_ever = strcmp(milliseconds, FOR_EVER) == 0;
    coffer_status status;
    coffer_db db;
    fresh_path(path, "exports");
    fresh_path(file, "target.json");
    db = open_at(path);
    save(db, "1");
    CHECK_OK(coffer_export_database_for_sharing(db, "json", file, NULL, NULL, NULL));
    save(db, "2");
    start_holder(&other, file, ALONE, milliseconds);
    status = coffer_export_database_for_sharing(db, "json", file, NULL, NULL, NULL);
    if (for_ever)
        check_held(status, "target.json");
    else
        CHECK(status == COFFER_OK);
    snprintf(unfinished, sizeof unfinished, "%.3000s.coffer-export.tmp", file);
    CHECK(!is_there(unfinished));
    if (for_ever)
        check_held(coffer_import_database_from_external(db, file, "json", NULL, NULL, NULL, NULL), "target.json");
    end_holder(&other, milliseconds);
    if (!for_ever)
        start_holder(&other, file, ALONE, milliseconds);
    CHECK_OK(coffer_import_database_from_external(db, file, "json", NULL, NULL, NULL, NULL));
    if (!for_ever)
        end_holder(&other, milliseconds);
    expect(db, for_ever ? "1" : "2");
    CHECK_OK(coffer_export_database_for_sharing(db, "json", file, NULL, NULL, NULL));
    CHECK_OK(coffer_close(db));
}

/* A blank segment or an image under its unfinished name, met in the middle of a checkpoint, cannot be played by hand; the
 * next image's name in somebody's hands can: the checkpoint fails, and the store goes on. */
static void a_checkpoint_whose_target_is_held(const char *milliseconds)
{
    char path[PATH_ROOM], target[PATH_ROOM];
    struct process other;
    int for_ever = strcmp(milliseconds, FOR_EVER) == 0;
    coffer_status status;
    coffer_db db;
    fresh_path(path, "checkpoint");
    db = open_at(path);
    save(db, "1");
    save(db, "2");
    snprintf(target, sizeof target, "%.3000s/image-0000000000000002.coffer", path);
    write_file(target, "");
    start_holder(&other, target, ALONE, milliseconds);
    status = coffer_checkpoint(db);
    if (for_ever)
        check_held(status, "image-0000000000000002.coffer");
    else
        CHECK(status == COFFER_OK);
    save(db, "3");
    expect(db, "3");
    end_holder(&other, milliseconds);
    CHECK_OK(coffer_checkpoint(db));
    CHECK_OK(coffer_close(db));
    db = open_at(path);
    expect(db, "3");
    CHECK_OK(coffer_close(db));
}

int main(int count, char **arguments)
{
    static const char *const times[] = {A_WHILE, FOR_EVER};
    int i;
    if (count == 5 && strcmp(arguments[1], "--hold") == 0)
        return hold(arguments + 2);
    if (count == 3 && strcmp(arguments[1], "--store") == 0)
        return keep_store(arguments[2]);
    if (count != 2) {
        fprintf(stderr, "usage: %s WORKING_FOLDER\n", arguments[0]);
        return 2;
    }
    program = own_program(arguments[0]);
    end_in(300);
    use_working_folder(arguments[1]);
    a_second_process_is_told_who_has_the_store();
    puts("ok a second process");
    unicode_and_blanks();
    puts("ok unicode and blanks");
    paths_over_260_characters();
    puts("ok paths over 260 characters");
    two_spellings_are_one_store();
    puts("ok two spellings");
    devices_and_own_files_are_no_targets();
    puts("ok devices and own files");
    for (i = 0; i < 2; i++) {
        const char *word = i == 0 ? "let go" : "never let go";
        superfluous_files_that_are_held("image-", times[i]);
        superfluous_files_that_are_held("journal-", times[i]);
        printf("ok superfluous files, %s\n", word);
        an_image_that_is_held_at_opening(times[i]);
        printf("ok an image at opening, %s\n", word);
        a_lock_file_that_is_held(ALONE, times[i]);
        a_lock_file_that_is_held(NOT_WRITTEN, times[i]);
        printf("ok the lock file, %s\n", word);
        targets_and_sources_that_are_held(times[i]);
        printf("ok exports and imports, %s\n", word);
        a_checkpoint_whose_target_is_held(times[i]);
        printf("ok a checkpoint, %s\n", word);
    }
    CHECK(coffer_live_handles() == 0);
    return 0;
}
