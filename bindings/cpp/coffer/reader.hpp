// The little JSON that the binding itself needs: reading Coffer's own answers (lists of keys, versions and snapshots,
// counters, events) and writing the text of options.
//
// It must not be used for documents: those go through untouched, or through the adapter that the program chose. It is
// not a checker either; Coffer writes what is read here.
//
// Invariant: a text that is not what was promised throws an Error with COFFER_ERROR_INTERNAL; it is never read past
// its end and never taken for something else. Members of objects that are not known yet are skipped.
#ifndef COFFER_READER_HPP
#define COFFER_READER_HPP

#include "coffer/support.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer {
namespace detail {

/// Appends `text` to `out` as a JSON string, quotes included.
inline void append_quoted(std::string &out, std::string_view text) {
    static const char digits[] = "0123456789abcdef";
    out += '"';
    for (const char c : text) {
        const unsigned char byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20) {
            out += "\\u00";
            out += digits[byte >> 4];
            out += digits[byte & 15];
        } else {
            out += c;
        }
    }
    out += '"';
}

/// Appends `texts` to `out` as a JSON array of strings.
inline void append_texts(std::string &out, const std::vector<std::string> &texts) {
    const char *before = "[";
    for (const std::string &text : texts) {
        out += before;
        append_quoted(out, text);
        before = ",";
    }
    out += texts.empty() ? "[]" : "]";
}

/// The text of an object, written a member at a time.
class ObjectText {
  public:
    ObjectText &text(std::string_view name, std::string_view value) {
        append_quoted(member(name), value);
        return *this;
    }

    ObjectText &texts(std::string_view name, const std::vector<std::string> &values) {
        append_texts(member(name), values);
        return *this;
    }

    ObjectText &number(std::string_view name, std::uint64_t value) {
        member(name) += std::to_string(value);
        return *this;
    }

    ObjectText &flag(std::string_view name, bool value) {
        member(name) += value ? "true" : "false";
        return *this;
    }

    ObjectText &object(std::string_view name, const ObjectText &value) {
        member(name) += value.json();
        return *this;
    }

    std::string json() const { return out_ + "}"; }

  private:
    std::string &member(std::string_view name) {
        if (out_.size() > 1) {
            out_ += ',';
        }
        append_quoted(out_, name);
        return out_ += ':';
    }

    std::string out_ = "{";
};

/// Appends one Unicode scalar value to `out` as UTF-8.
inline void append_utf8(std::string &out, std::uint32_t code) {
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xC0 | (code >> 6));
        out += static_cast<char>(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        out += static_cast<char>(0xE0 | (code >> 12));
        out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
        out += static_cast<char>(0x80 | (code & 0x3F));
    } else {
        out += static_cast<char>(0xF0 | (code >> 18));
        out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
        out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
        out += static_cast<char>(0x80 | (code & 0x3F));
    }
}

/// Reads one JSON text from front to back. The text must outlive it.
class Reader {
  public:
    explicit Reader(std::string_view text) noexcept : text_(text) {}

    /// Calls `element()` in front of each element of an array; it must read exactly one value.
    template <class Element>
    void array(Element &&element) {
        expect('[');
        if (take(']')) {
            return;
        }
        do {
            element();
        } while (take(','));
        expect(']');
    }

    /// Calls `member(name)` in front of each member's value; it must read exactly one value.
    template <class Member>
    void object(Member &&member) {
        expect('{');
        if (take('}')) {
            return;
        }
        do {
            const std::string name = string();
            expect(':');
            member(name);
        } while (take(','));
        expect('}');
    }

    std::string string() {
        expect('"');
        std::string out;
        while (true) {
            const char c = next();
            if (c == '"') {
                return out;
            }
            if (c == '\\') {
                escape(out);
            } else {
                out += c;
            }
        }
    }

    /// An integer that fits.
    std::int64_t integer() {
        skip_space();
        const bool negative = take('-');
        std::int64_t value = 0;
        std::size_t count = 0;
        for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_, ++count) {
            const int digit = text_[at_] - '0';
            if (value > (INT64_MAX - digit) / 10) {
                fail();
            }
            value = value * 10 + digit;
        }
        if (count == 0) {
            fail();
        }
        return negative ? -value : value;
    }

    std::uint64_t count() {
        const std::int64_t value = integer();
        if (value < 0) {
            fail();
        }
        return static_cast<std::uint64_t>(value);
    }

    /// true or false.
    bool flag() {
        if (take_word("true")) {
            return true;
        }
        if (!take_word("false")) {
            fail();
        }
        return false;
    }

    /// Whether a null comes; it is read then.
    bool null() { return take_word("null"); }

    /// Reads any value and forgets it.
    void skip() {
        skip_space();
        switch (peek()) {
        case '"': string(); break;
        case '[': array([this] { skip(); }); break;
        case '{': object([this](const std::string &) { skip(); }); break;
        default: skip_word(); break;
        }
    }

    /// Reads any value and gives its text.
    std::string raw() {
        skip_space();
        const std::size_t start = at_;
        skip();
        return std::string(text_.substr(start, at_ - start));
    }

    /// Throws unless nothing is left.
    void end() {
        skip_space();
        if (at_ != text_.size()) {
            fail();
        }
    }

  private:
    [[noreturn]] void fail() const {
        throw Error(COFFER_ERROR_INTERNAL, "an answer of the library is not what was promised, at byte " +
                                               std::to_string(at_) + ": " + std::string(text_.substr(0, 64)));
    }

    char peek() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }

    char next() {
        if (at_ >= text_.size()) {
            fail();
        }
        return text_[at_++];
    }

    void skip_space() noexcept {
        while (peek() == ' ' || peek() == '\n' || peek() == '\r' || peek() == '\t') {
            ++at_;
        }
    }

    bool take(char c) {
        skip_space();
        if (peek() != c) {
            return false;
        }
        ++at_;
        return true;
    }

    bool take_word(std::string_view word) {
        skip_space();
        if (text_.substr(at_, word.size()) != word) {
            return false;
        }
        at_ += word.size();
        return true;
    }

    void expect(char c) {
        if (!take(c)) {
            fail();
        }
    }

    /// A number, true, false or null.
    void skip_word() {
        const std::size_t start = at_;
        while (peek() != '\0' && std::strchr(",]} \n\r\t", peek()) == nullptr) {
            ++at_;
        }
        if (at_ == start) {
            fail();
        }
    }

    std::uint32_t hex4() {
        std::uint32_t value = 0;
        for (int i = 0; i < 4; ++i) {
            const char c = next();
            value <<= 4;
            if (c >= '0' && c <= '9') {
                value |= static_cast<std::uint32_t>(c - '0');
            } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
                value |= static_cast<std::uint32_t>((c | 0x20) - 'a' + 10);
            } else {
                fail();
            }
        }
        return value;
    }

    void escape(std::string &out) {
        const char c = next();
        switch (c) {
        case 'b': out += '\b'; break;
        case 'f': out += '\f'; break;
        case 'n': out += '\n'; break;
        case 'r': out += '\r'; break;
        case 't': out += '\t'; break;
        case '"':
        case '\\':
        case '/': out += c; break;
        case 'u': unicode_escape(out); break;
        default: fail();
        }
    }

    void unicode_escape(std::string &out) {
        std::uint32_t code = hex4();
        if (code >= 0xDC00 && code <= 0xDFFF) {
            fail();
        }
        if (code >= 0xD800 && code <= 0xDBFF) {
            if (next() != '\\' || next() != 'u') {
                fail();
            }
            const std::uint32_t low = hex4();
            if (low < 0xDC00 || low > 0xDFFF) {
                fail();
            }
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        }
        append_utf8(out, code);
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

/// One member of an object. Each function reads it if it has that name, and says whether it had.
struct Field {
    Reader &reader;
    const std::string &member;

    bool text(const char *name, std::string &target) const {
        return take(name, [&] { target = reader.string(); });
    }

    bool number(const char *name, std::uint64_t &target) const {
        return take(name, [&] { target = reader.count(); });
    }

    bool moment(const char *name, std::int64_t &target) const {
        return take(name, [&] { target = reader.integer(); });
    }

    bool raw(const char *name, std::string &target) const {
        return take(name, [&] { target = reader.raw(); });
    }

    bool flag(const char *name, bool &target) const {
        return take(name, [&] { target = reader.flag(); });
    }

    /// For what may be null, which stays empty then; `read()` gives the value.
    template <class T, class Read>
    bool unless_null(const char *name, std::optional<T> &target, Read &&read) const {
        return take(name, [&] { target = reader.null() ? std::nullopt : std::optional<T>(read()); });
    }

    template <class Read>
    bool take(const char *name, Read &&read) const {
        if (member != name) {
            return false;
        }
        read();
        return true;
    }
};

/// Reads an object; `known(field)` says whether it read the member.
template <class Known>
void read_object(Reader &reader, Known &&known) {
    reader.object([&](const std::string &member) {
        if (!known(Field{reader, member})) {
            reader.skip();
        }
    });
}

/// What `reading` makes of a text that is one JSON value.
template <class Text, class Reading>
auto parsed(const Text &json, Reading reading) {
    Reader reader(json);
    auto answer = reading(reader);
    reader.end();
    return answer;
}

/// For calls of C functions whose answer is one JSON value, which `reading` takes apart.
template <class Reading, class Call>
auto read(Reading reading, Call &&call) {
    return parsed(get(std::forward<Call>(call)), reading);
}

} // namespace detail
} // namespace coffer

#endif
