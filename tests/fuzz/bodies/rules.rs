//! Where JSON begins and ends, rule by rule of RFC 8259, each with texts just inside and just outside of it.
//!
//! Written by hand, so that the judges themselves are judged. Invariant: whoever takes a text that stands under `not`, or
//! refuses one that stands under `json`, does not know JSON.

/// A rule of the RFC, by its section and what it says.
pub struct Rule {
    pub says: &'static str,
    pub json: &'static [&'static str],
    pub not: &'static [&'static str],
}

const fn rule(says: &'static str, json: &'static [&'static str], not: &'static [&'static str]) -> Rule {
    Rule { says, json, not }
}

/// Every rule.
pub const RULES: [Rule; 20] = [
    rule(
        "2: a text is one value of any kind, with white space around it",
        &["0", "\"\"", "true", "[]", "{}", " null ", "\t[ ]\r\n"],
        &["", " ", "\n", "1 2", "[] []", "{}{}", "null,", "1;", "[]]", "{}}", "1\0", "\0", "[]\0", "undefined", "a"],
    ),
    rule(
        "2: white space is space, tab, line feed and carriage return, and nothing else",
        &[" \t\n\r1\r\n\t ", "[\n1\t,\r2 ]", "{ \"a\"\n:\r1\t}"],
        &["\u{b}1", "\u{c}1", "1\u{a0}", "\u{2028}1", "[1,\u{3000}2]", "1\u{85}", "[\u{200b}]", "/**/1", "1//", "#\n1"],
    ),
    rule(
        "2: white space stands between tokens, never within one",
        &["[1, 2]", "true"],
        &["tr ue", "1 .5", "- 1", "1e 5", "1. 5", "nu\tll", "\"\\ n\"", "\"\\u 0041\""],
    ),
    rule(
        "3: the words are true, false and null, in lower case",
        &["true", "false", "null", "[true,false,null]"],
        &["True", "TRUE", "Null", "nul", "nulll", "truefalse", "t", "fals", "none", "yes", "[tru]", "{\"a\":nul}"],
    ),
    rule(
        "4: an object is members between braces, with commas between them",
        &["{}", "{\"a\":1}", "{\"a\":1,\"b\":2}", "{ }", "{\"a\":{\"b\":{}}}"],
        &[
            "{",
            "}",
            "{,}",
            "{\"a\":1,}",
            "{,\"a\":1}",
            "{\"a\":1,,\"b\":2}",
            "{\"a\":1 \"b\":2}",
            "{\"a\":1;\"b\":2}",
            "{\"a\":1]",
        ],
    ),
    rule(
        "4: a member is a string, a colon and a value",
        &["{\"\":0}", "{\"a\" : [ ]}", "{\"\\u0061\":\"\"}"],
        &["{\"a\"}", "{\"a\":}", "{:1}", "{\"a\"::1}", "{\"a\",1}", "{\"a\"=1}", "{\"a\":1:2}", "{\"a\" 1}"],
    ),
    rule(
        "4: a name is a string, nothing else",
        &["{\"1\":1}", "{\"null\":null}"],
        &["{a:1}", "{'a':1}", "{1:1}", "{null:1}", "{[]:1}", "{{}:1}", "{\"a\":1,b:2}", "{-:1}"],
    ),
    rule(
        "4: names should be unique; a text with one twice is JSON all the same",
        &["{\"a\":1,\"a\":2}", "{\"\":0,\"\":0}", "{\"a\":1,\"\\u0061\":1}"],
        &[],
    ),
    rule(
        "5: an array is values between brackets, with commas between them",
        &["[]", "[1]", "[1,\"a\",null,[],{}]", "[[[[]]]]", "[ ]"],
        &[
            "[",
            "]",
            "[,]",
            "[1,]",
            "[,1]",
            "[1,,2]",
            "[1 2]",
            "[1;2]",
            "[1",
            "[[]",
            "[1}",
            "[\"a\" \"b\"]",
            "[1,2",
            "[:]",
        ],
    ),
    rule(
        "6: a whole number has no leading zero and no plus",
        &["0", "-0", "1", "-1", "10", "1234567890123456789012345678901234567890"],
        &[
            "00", "01", "-01", "+1", "-", "--1", "+0", "-00", "0x10", "1_000", "1,000", "0b1", "1L", "\u{661}",
            "\u{ff11}",
        ],
    ),
    rule(
        "6: a fraction is a point with digits on both sides",
        &["0.0", "-0.5", "1.50", "0.00000000000000000000000000001"],
        &[".5", "-.5", "1.", "1..5", "1.5.5", "0,5", "1.e5", ".", "1.-5", "1.a"],
    ),
    rule(
        "6: an exponent is e or E, perhaps a sign, and digits, which may begin with zero",
        &["1e5", "1E5", "1e+5", "1e-5", "1e05", "0e0", "1.5e00", "-0E-0"],
        &["1e", "1e+", "1e-", "e5", "1e5.5", "1ee5", "1e+-5", "1e 5", "1e5e5", "1exp5", "1e-a"],
    ),
    rule(
        "6: no number is too large, too small or too exact to be one; infinity and not-a-number are none",
        &["1e400", "-1e400", "1e-400", "1e999999999999", "0e999999999999", "123456789e-999999999"],
        &["NaN", "Infinity", "-Infinity", "inf", "nan", "-NaN", "1e400Infinity"],
    ),
    rule(
        "7: a string is between quotation marks",
        &["\"a\"", "\"'\"", "\"/\"", "\" \""],
        &["\"", "'a'", "`a`", "\"a", "a\"", "\"a\"\"", "\"a'", "\"a\\\"", "\u{201c}a\u{201d}"],
    ),
    rule(
        "7: control characters below U+0020 are escaped; delete and the rest are not control characters here",
        &["\"\u{7f}\"", "\"\u{80}\"", "\"\u{a0}\"", "\"\\u0000\"", "\"\\u001f\""],
        &["\"\0\"", "\"\u{1}\"", "\"\t\"", "\"\n\"", "\"\r\"", "\"\u{1f}\"", "\"a\u{8}\"", "{\"\t\":1}", "[\"\n\"]"],
    ),
    rule(
        "7: a backslash goes with one of \" \\ / b f n r t u",
        &["\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\\u\"", "\"\\\\\""],
        &[
            "\"\\\"",
            "\"\\\\\\\"",
            "\"\\a\"",
            "\"\\'\"",
            "\"\\0\"",
            "\"\\x41\"",
            "\"\\v\"",
            "\"\\\n\"",
            "\"\\N\"",
            "\"\\\u{e9}\"",
            "\"\\",
        ],
    ),
    rule(
        "7: \\u goes with four hexadecimal digits in either case",
        &["\"\\u0041\"", "\"\\uabCD\"", "\"\\u00e9x\"", "\"\\u00410\""],
        &[
            "\"\\u\"",
            "\"\\u004\"",
            "\"\\u004g\"",
            "\"\\U0041\"",
            "\"\\u{41}\"",
            "\"\\u+041\"",
            "\"\\u-041\"",
            "\"\\u 041\"",
            "\"\\u\u{ff10}041\"",
        ],
    ),
    rule(
        "8.2: half of a surrogate pair is within the grammar",
        &[
            "\"\\ud800\"",
            "\"\\udfff\"",
            "\"\\ud83d\\ude00\"",
            "\"\\ude00\\ud83d\"",
            "\"\\ud800\\u0041\"",
            "{\"\\udead\":1}",
        ],
        &["\"\\ud800\\u\"", "\"\\ud83d\\ude0\""],
    ),
    rule(
        "8.1: every Unicode character may stand in a string, and no byte order mark before the text",
        &[
            "\"\u{10ffff}\"",
            "\"\u{fffe}\u{ffff}\"",
            "\"\u{feff}\"",
            "\"\u{2028}\u{2029}\"",
            "\"\u{1f600}\"",
            "{\"\u{e9}\":\"\u{e9}\"}",
        ],
        &["\u{feff}1", "\u{feff}", "1\u{feff}", "[\u{feff}]", "\u{e9}"],
    ),
    rule(
        "9: what other notations allow is not JSON",
        &["[\"//\",\"/*\",\"#\"]"],
        &[
            "[1,/* */2]",
            "{\"a\":1,// b\n}",
            "{a:1}",
            "[0xff]",
            "(1)",
            "{\"a\":f()}",
            "[...]",
            "<a/>",
            "---",
            "a: 1",
            "{\"a\":1}\n{\"b\":2}",
            "[1]#",
            "\"a\"+\"b\"",
        ],
    ),
];
