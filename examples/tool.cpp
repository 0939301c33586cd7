// An equipment tool in C++17: it puts equipment and magic items into the store, saves an equipment set twice, compares
// the two versions, and goes back to a snapshot.
//
//     tool STORE EQUIPMENT.json MAGIC_ITEMS.json
//
// It must not need a JSON library: it only cuts an array of objects apart and keeps each object's text as it is. What
// fails throws coffer::Error, which main() prints.
#include "coffer.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::size_t batch_size = 100;

std::string read_file(const char *name) {
    std::ifstream file(name, std::ios::binary);
    std::ostringstream text;
    if (!file || !(text << file.rdbuf())) {
        throw std::runtime_error(std::string("cannot read ") + name);
    }
    return text.str();
}

/// The objects of a JSON array, cut apart by counting braces outside of strings. A text that is not JSON gives pieces
/// that Coffer refuses.
std::vector<std::string_view> split_array(std::string_view text) {
    std::vector<std::string_view> objects;
    std::size_t start = 0;
    int depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); i++) {
        const char c = text[i];
        if (in_string) {
            i += c == '\\'; // skip what is escaped: it may be a quote
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' && depth++ == 0) {
            start = i;
        } else if (c == '}' && --depth == 0) {
            objects.push_back(text.substr(start, i + 1 - start));
        }
    }
    return objects;
}

/// The value of "index", with which every object of the game data begins.
std::string index_of(std::string_view object) {
    const std::string_view name = "\"index\"";
    const std::size_t colon = object.find(':', std::min(object.find(name), object.size()));
    const std::size_t open = object.find('"', std::min(colon, object.size()));
    const std::size_t close = open == object.npos ? open : object.find('"', open + 1);
    if (close == object.npos) {
        throw std::runtime_error("an object has no index: " + std::string(object.substr(0, 60)));
    }
    return std::string(object.substr(open + 1, close - open - 1));
}

/// Saves each object as a document of its own, a hundred in a batch.
/// @returns their indexes.
std::vector<std::string> import(coffer::Database &db, const char *file, const std::string &collection) {
    const std::string text = read_file(file);
    std::vector<std::string> indexes;
    coffer::Batch batch;
    std::size_t batches = 0;
    const auto save = [&] {
        db.save_batch(batch);
        batch.reset();
        batches++;
    };
    for (const std::string_view object : split_array(text)) {
        indexes.push_back(index_of(object));
        batch.save(collection + "/" + indexes.back(), object);
        if (batch.size() == batch_size) {
            save();
        }
    }
    if (!batch.empty()) {
        save();
    }
    std::printf("It saves %3zu documents under %s/, at most %zu in a batch (batches: %zu).\n", indexes.size(),
                collection.c_str(), batch_size, batches);
    return indexes;
}

std::string set_of(const std::string &weapon, const std::string &magic_item) {
    return R"({"sets":[{"hero":"Asha","wears":[")" + weapon + R"(",")" + magic_item + R"("]}]})";
}

/// Saves two sets and reads both back: the second save adds a version and leaves the first as it was.
void compare_versions(coffer::Database &db, const std::string &first, const std::string &second) {
    db.save_equipment_config(first);
    db.save_equipment_config(second);
    const std::vector<coffer::Version> versions = db.list_versions(coffer::equipment_sets);
    const std::uint64_t newest = versions.back().version;
    if (db.load_version(coffer::equipment_sets, newest - 1) != first || db.load_equipment_config() != second) {
        throw std::runtime_error("a version of the equipment is not as it was saved");
    }
    std::printf("It saves Asha's equipment twice. Both versions are there, byte for byte:\n");
    std::printf("  version %llu  %s\n", static_cast<unsigned long long>(newest - 1), first.c_str());
    std::printf("  version %llu  %s\n", static_cast<unsigned long long>(newest), second.c_str());
}

/// Tries something on that turns out badly, and goes back to the snapshot from before.
void go_back(coffer::Database &db, const std::string &worn) {
    const coffer::Snapshot before = db.create_database_snapshot("before the cursed ring");
    db.save_equipment_config(set_of("cursed ring", "cursed ring"));
    std::printf("It makes a snapshot of all %llu documents, \"%s\", and tries a ring on. What changed since:\n",
                static_cast<unsigned long long>(before.documents), before.label.c_str());
    std::printf("  %s\n", db.diff_snapshots(before.id).c_str());
    const coffer::Restored restored = db.restore_database_from_snapshot(before.id);
    if (db.load_equipment_config() != worn || !restored.undo) {
        throw std::runtime_error("the equipment is not as it was in the snapshot");
    }
    std::printf("It goes back: %llu document restored; %s would undo that.\n",
                static_cast<unsigned long long>(restored.saved), restored.undo->c_str());
}

} // namespace

int main(int count, char **arguments) {
    if (count != 4) {
        std::fprintf(stderr, "usage: %s STORE EQUIPMENT.json MAGIC_ITEMS.json\n", arguments[0]);
        return 2;
    }
    try {
        coffer::Options options;
        options.plugin = "equipment-tool";
        coffer::Database db(arguments[1], options);
        const std::vector<std::string> equipment = import(db, arguments[2], "equipment");
        const std::vector<std::string> magic = import(db, arguments[3], "magic-items");
        if (equipment.size() < 2 || magic.empty()) {
            throw std::runtime_error("two pieces of equipment and a magic item are needed");
        }
        const std::string worn = set_of(equipment[1], magic[0]);
        compare_versions(db, set_of(equipment[0], magic[0]), worn);
        go_back(db, worn);
        db.close(); // the destructor would close too, but cannot say whether that went well
    } catch (const std::exception &error) {
        std::fprintf(stderr, "the equipment tool failed: %s\n", error.what());
        return 1;
    }
    return 0;
}
