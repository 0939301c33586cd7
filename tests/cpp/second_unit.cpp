// A second translation unit that includes the binding, twice, beside binding.cpp: the program links only when
// everything in the headers is inline, and compiles only when the guards hold. The C header comes once more, first and
// last, as a program that mixes C and C++ has it.
#include "coffer.h"
#include "coffer.hpp"
#include "coffer.hpp"
#include "coffer.h"

#include <string>

std::string saved_by_the_second_unit(coffer::Database &db, const std::string &key) {
    db.save_persistent_data(key, "\"second\"");
    return db.load_persistent_data(key).value_or("");
}

const void *address_of_any_revision() { return &coffer::any_revision; }
