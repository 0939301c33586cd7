//! A JSON text laid out for reading, token for token.
//!
//! Changes white space between tokens and nothing else: digits of numbers, escapes, doubled members and their order stay.
//! It expects what the store holds, which is JSON; of anything else it makes something, and never fails. Invariant:
//! without its white space the result is the input without its own.

/// Lays a text out, two spaces a level.
pub fn pretty(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut depth = 0_usize;
    let mut characters = text.chars().peekable();
    let skip_space = |characters: &mut std::iter::Peekable<std::str::Chars<'_>>| {
        while characters.next_if(|c| matches!(c, ' ' | '\t' | '\n' | '\r')).is_some() {}
    };
    while let Some(c) = characters.next() {
        match c {
            ' ' | '\t' | '\n' | '\r' => {}
            '"' => {
                out.push('"');
                string(&mut characters, &mut out);
            }
            '{' | '[' => {
                out.push(c);
                skip_space(&mut characters);
                match characters.next_if(|next| matches!(next, '}' | ']')) {
                    Some(end) => out.push(end),
                    None => {
                        depth += 1;
                        line(&mut out, depth);
                    }
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            other => out.push(other),
        }
    }
    out
}

fn line(out: &mut String, depth: usize) {
    out.push('\n');
    (0..depth).for_each(|_| out.push_str("  "));
}

/// The rest of a string, its end included.
fn string(characters: &mut impl Iterator<Item = char>, out: &mut String) {
    let mut is_escaped = false;
    for c in characters {
        out.push(c);
        match c {
            '"' if !is_escaped => return,
            '\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_space_between_tokens_changes() {
        let text = r#" {"a":[1.0,1e400 , {"x":"b\"],{ \\"}],"a":{ },"é":[ ] } "#;
        let expected = "{\n  \"a\": [\n    1.0,\n    1e400,\n    {\n      \"x\": \"b\\\"],{ \\\\\"\n    }\n  ],\n  \"a\": {},\n  \"é\": []\n}";
        assert_eq!(pretty(text), expected);
        assert_eq!(pretty(&pretty(text)), expected);
        assert_eq!((pretty("7"), pretty("\"a b\"")), ("7".into(), "\"a b\"".into()));
        for broken in ["]", "\"", "{", "\\"] {
            pretty(broken);
        }
    }
}
