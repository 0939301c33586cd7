/*
 * Folders, sockets, processes and libraries on Windows; platform.h says what each is for.
 *
 * It must be compiled for Windows only. Invariant: every path is turned from UTF-8 into UTF-16 before the system sees it,
 * and no handle but the one meant for it is inherited by a process that is started.
 */
#include <winsock2.h>
/* Behind the former, which has to be first. */
#include <windows.h>

#include "platform.h"
#include "support.h"

#include <fcntl.h>
#include <io.h>
#include <stdlib.h>
#include <string.h>
#include <tlhelp32.h>

#define WIDE_ROOM 4096

static const char *problem(void)
{
    static char said[64];
    snprintf(said, sizeof said, "Windows error %lu", (unsigned long)GetLastError());
    return said;
}

static void widen(const char *text, wchar_t *into)
{
    CHECK_SAID(text, MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, into, WIDE_ROOM) > 0);
}

/* A path that may be longer than 260 characters and that nothing is changed about. */
static void widen_path(const char *path, wchar_t *into)
{
    static const wchar_t prefix[] = L"\\\\?\\";
    wchar_t given[WIDE_ROOM];
    DWORD length;
    widen(path, given);
    if (wcsncmp(given, prefix, 4) == 0) {
        wcscpy(into, given);
        return;
    }
    wcscpy(into, prefix);
    length = GetFullPathNameW(given, WIDE_ROOM - 8, into + 4, NULL);
    CHECK_SAID(problem(), length > 0 && length < WIDE_ROOM - 8);
}

void ensure_folder(const char *path)
{
    wchar_t wide[WIDE_ROOM];
    widen_path(path, wide);
    CHECK_SAID(problem(), CreateDirectoryW(wide, NULL) || GetLastError() == ERROR_ALREADY_EXISTS);
}

static int is_dots(const wchar_t *name)
{
    return wcscmp(name, L".") == 0 || wcscmp(name, L"..") == 0;
}

static void remove_wide(const wchar_t *path)
{
    wchar_t inner[WIDE_ROOM];
    WIN32_FIND_DATAW found;
    HANDLE search;
    DWORD kind = GetFileAttributesW(path);
    if (kind == INVALID_FILE_ATTRIBUTES)
        return;
    if ((kind & FILE_ATTRIBUTE_DIRECTORY) == 0) {
        CHECK_SAID(problem(), DeleteFileW(path));
        return;
    }
    CHECK_SAID("the path is too long", wcslen(path) + MAX_PATH + 2 < WIDE_ROOM);
    wcscpy(inner, path);
    wcscat(inner, L"\\*");
    search = FindFirstFileW(inner, &found);
    CHECK_SAID(problem(), search != INVALID_HANDLE_VALUE);
    do {
        if (is_dots(found.cFileName))
            continue;
        wcscpy(inner, path);
        wcscat(inner, L"\\");
        wcscat(inner, found.cFileName);
        remove_wide(inner);
    } while (FindNextFileW(search, &found));
    FindClose(search);
    CHECK_SAID(problem(), RemoveDirectoryW(path));
}

void remove_tree(const char *path)
{
    wchar_t wide[WIDE_ROOM];
    widen_path(path, wide);
    remove_wide(wide);
}

int entries_in(const char *folder)
{
    wchar_t wide[WIDE_ROOM];
    WIN32_FIND_DATAW found;
    HANDLE search;
    int count = 0;
    widen_path(folder, wide);
    wcscat(wide, L"\\*");
    search = FindFirstFileW(wide, &found);
    if (search == INVALID_HANDLE_VALUE)
        return -1;
    do
        count += !is_dots(found.cFileName);
    while (FindNextFileW(search, &found));
    FindClose(search);
    return count;
}

void sleep_ms(long milliseconds)
{
    Sleep((DWORD)milliseconds);
}

void end_at_once(int status)
{
    TerminateProcess(GetCurrentProcess(), (UINT)status);
}

static VOID CALLBACK too_late(PVOID context, BOOLEAN fired)
{
    (void)context;
    (void)fired;
    end_at_once(1);
}

void end_in(int seconds)
{
    HANDLE timer;
    CHECK_SAID(problem(), CreateTimerQueueTimer(&timer, NULL, too_late, NULL, (DWORD)seconds * 1000, 0, WT_EXECUTEDEFAULT));
}

int own_process_id(void)
{
    return (int)GetCurrentProcessId();
}

static const char *socket_problem(void)
{
    static char said[64];
    snprintf(said, sizeof said, "socket error %d", WSAGetLastError());
    return said;
}

/* Whether the other side broke the connection off. */
static int is_broken(void)
{
    int error = WSAGetLastError();
    return error == WSAECONNRESET || error == WSAECONNABORTED || error == WSAESHUTDOWN;
}

int connect_to(int port)
{
    static int started;
    struct sockaddr_in address;
    DWORD minute = 60000;
    WSADATA data;
    SOCKET connection;
    if (!started)
        CHECK_SAID("no sockets", WSAStartup(MAKEWORD(2, 2), &data) == 0);
    started = 1;
    connection = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_SAID(socket_problem(), connection != INVALID_SOCKET);
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons((u_short)port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK_SAID(socket_problem(), setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, (const char *)&minute, sizeof minute) == 0);
    CHECK_SAID(socket_problem(), setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, (const char *)&minute, sizeof minute) == 0);
    /* A socket's number fits: Windows hands out small ones. */
    if (connect(connection, (const struct sockaddr *)&address, sizeof address) == 0)
        return (int)connection;
    CHECK_SAID(socket_problem(), WSAGetLastError() == WSAECONNREFUSED || WSAGetLastError() == WSAECONNRESET);
    closesocket(connection);
    return -1;
}

long send_some(int connection, const char *bytes, size_t length)
{
    int sent = send((SOCKET)connection, bytes, length > 1 << 20 ? 1 << 20 : (int)length, 0);
    CHECK_SAID(socket_problem(), sent >= 0 || is_broken());
    return sent;
}

long receive_some(int connection, char *bytes, size_t room)
{
    int got = recv((SOCKET)connection, bytes, (int)room, 0);
    CHECK_SAID(socket_problem(), got >= 0 || is_broken());
    return got;
}

void close_connection(int connection)
{
    closesocket((SOCKET)connection);
}

void reset_connection(int connection)
{
    struct linger at_once;
    at_once.l_onoff = 1;
    at_once.l_linger = 0;
    CHECK_SAID(socket_problem(),
               setsockopt((SOCKET)connection, SOL_SOCKET, SO_LINGER, (const char *)&at_once, sizeof at_once) == 0);
    closesocket((SOCKET)connection);
}

/* Adds one argument in quotes. None of ours holds a quote or ends with a backslash, so nothing has to be escaped. */
static void add_argument(char *line, size_t room, const char *argument)
{
    size_t length = strlen(argument);
    CHECK_SAID(argument, strchr(argument, '"') == NULL && (length == 0 || argument[length - 1] != '\\'));
    CHECK_SAID("the arguments are too long", strlen(line) + length + 4 < room);
    strcat(line, line[0] == '\0' ? "\"" : " \"");
    strcat(line, argument);
    strcat(line, "\"");
}

void start_process(struct process *process, const char *program, const char *const *arguments)
{
    SECURITY_ATTRIBUTES inherited;
    STARTUPINFOW startup;
    PROCESS_INFORMATION started;
    HANDLE reading, writing;
    char line[WIDE_ROOM] = "";
    wchar_t wide[WIDE_ROOM];
    inherited.nLength = sizeof inherited;
    inherited.lpSecurityDescriptor = NULL;
    inherited.bInheritHandle = TRUE;
    CHECK_SAID(problem(), CreatePipe(&reading, &writing, &inherited, 0));
    CHECK_SAID(problem(), SetHandleInformation(reading, HANDLE_FLAG_INHERIT, 0));
    memset(&startup, 0, sizeof startup);
    startup.cb = sizeof startup;
    startup.dwFlags = STARTF_USESTDHANDLES;
    startup.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    startup.hStdOutput = writing;
    startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    for (add_argument(line, sizeof line, program); *arguments != NULL; arguments++)
        add_argument(line, sizeof line, *arguments);
    widen(line, wide);
    CHECK_SAID(problem(), CreateProcessW(NULL, wide, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &started));
    CloseHandle(started.hThread);
    CloseHandle(writing);
    process->handle = started.hProcess;
    process->id = (int)started.dwProcessId;
    process->output = _fdopen(_open_osfhandle((intptr_t)reading, _O_RDONLY | _O_BINARY), "rb");
    CHECK_SAID("no file for the pipe", process->output != NULL);
}

/* What a process that was killed ends with; no test of ours does by itself. */
#define KILLED 137

static int end_of(struct process *process)
{
    DWORD status = 0;
    CHECK_SAID(problem(), WaitForSingleObject(process->handle, INFINITE) == WAIT_OBJECT_0);
    CHECK_SAID(problem(), GetExitCodeProcess(process->handle, &status));
    CloseHandle(process->handle);
    return (int)status;
}

void kill_process(struct process *process)
{
    CHECK_SAID(problem(), TerminateProcess(process->handle, KILLED));
    CHECK_SAID("the process ended by itself", end_of(process) == KILLED);
}

int wait_for_process(struct process *process)
{
    int status = end_of(process);
    fclose(process->output);
    return status;
}

int write_out(const void *bytes, size_t length)
{
    DWORD written = 0;
    return WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), bytes, (DWORD)length, &written, NULL) && written == length;
}

const char *own_program(const char *argument)
{
    static char path[WIDE_ROOM];
    wchar_t wide[WIDE_ROOM];
    (void)argument;
    CHECK_SAID(problem(), GetModuleFileNameW(NULL, wide, WIDE_ROOM) > 0);
    CHECK_SAID(problem(), WideCharToMultiByte(CP_UTF8, 0, wide, -1, path, sizeof path, NULL, NULL) > 0);
    return path;
}

void *load_library(const char *path)
{
    wchar_t wide[WIDE_ROOM], full[WIDE_ROOM];
    HMODULE library;
    widen(path, wide);
    CHECK_SAID(problem(), GetFullPathNameW(wide, WIDE_ROOM, full, NULL) > 0);
    library = LoadLibraryW(full);
    CHECK_SAID(problem(), library != NULL);
    return library;
}

int find_function(void *library, const char *name, void *function)
{
    FARPROC address = GetProcAddress(library, name);
    memcpy(function, &address, sizeof address);
    return address != NULL;
}

int unload_library(void *library)
{
    return FreeLibrary(library) != 0;
}

int fork_is_harmless(void)
{
    return 1;
}

int is_loaded(const char *path)
{
    wchar_t wide[WIDE_ROOM], full[WIDE_ROOM];
    widen(path, wide);
    CHECK_SAID(problem(), GetFullPathNameW(wide, WIDE_ROOM, full, NULL) > 0);
    return GetModuleHandleW(full) != NULL;
}

int threads_running(void)
{
    THREADENTRY32 entry;
    int count = 0, more;
    HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    CHECK_SAID(problem(), all != INVALID_HANDLE_VALUE);
    entry.dwSize = sizeof entry;
    for (more = Thread32First(all, &entry); more; more = Thread32Next(all, &entry))
        count += entry.th32OwnerProcessID == GetCurrentProcessId();
    CloseHandle(all);
    return count;
}

int files_open(void)
{
    DWORD count = 0;
    CHECK_SAID(problem(), GetProcessHandleCount(GetCurrentProcess(), &count));
    return (int)count;
}

long heap_in_use(void)
{
    PROCESS_HEAP_ENTRY entry;
    HANDLE heap = GetProcessHeap();
    long bytes = 0;
    CHECK_SAID(problem(), HeapLock(heap));
    entry.lpData = NULL;
    while (HeapWalk(heap, &entry))
        if ((entry.wFlags & PROCESS_HEAP_ENTRY_BUSY) != 0)
            bytes += (long)entry.cbData;
    CHECK_SAID(problem(), GetLastError() == ERROR_NO_MORE_ITEMS);
    CHECK_SAID(problem(), HeapUnlock(heap));
    return bytes;
}
