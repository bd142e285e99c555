//! Text from elsewhere (a site's words, names in archives, tags) on its way to a terminal, a log or a page.
//!
//! A terminal obeys what it is shown: escape sequences move its cursor, marks of direction turn sentences round, characters
//! without a width hide in names. Whatever a stranger has written is therefore shown through here: [`stdout`](crate::stdout) and
//! [`stderr`](crate::stderr) pass all that they write, and a page all that it shows.

/// The most characters that are shown of one text.
pub const MAX_SHOWN: usize = 200;

/// A text in one line: blanks of all kinds as one space, what has no shape of its own as its escape (`\u{1b}`), and what
/// goes beyond [`MAX_SHOWN`] cut off with an ellipsis.
pub fn one_line(text: &str) -> String {
    let mut line = String::new();
    let mut shown = 0;
    for word in text.split_whitespace() {
        for character in (!line.is_empty()).then_some(' ').into_iter().chain(word.chars()) {
            if shown == MAX_SHOWN {
                line.push('…');
                return line;
            }
            shown += 1;
            push(&mut line, character);
        }
    }
    line
}

/// A text of our own in which words of others may stand, such as a message: its lines stay lines, nothing is cut off.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '\n' | '\t') { escaped.push(character) } else { push(&mut escaped, character) }
    }
    escaped
}

/// The same of a line of the log, in which sequences that begin with an escape character colour what is ours: the logger has shown
/// those of others as escapes already.
pub fn escaped_but_colours(line: &str) -> String {
    line.split('\u{1b}').map(escaped).collect::<Vec<_>>().join("\u{1b}")
}

/// An answer, of lines or of JSON, with what has no shape as its escape. JSON means the same as before: within its texts the
/// characters that it may not have are escapes already, and all others become escapes of its own.
pub fn escaped_answer(answer: &str) -> String {
    let mut escaped = String::with_capacity(answer.len());
    for character in answer.chars() {
        match character {
            '\n' | '\t' => escaped.push(character),
            _ if is_shapeless(character) && character >= '\u{7f}' => {
                let units = character.encode_utf16(&mut [0; 2]).to_vec();
                escaped.extend(units.iter().map(|unit| format!("\\u{unit:04x}")));
            }
            _ => push(&mut escaped, character),
        }
    }
    escaped
}

fn push(line: &mut String, character: char) {
    if is_shapeless(character) { line.extend(character.escape_unicode()) } else { line.push(character) }
}

/// Whether a character steers what is shown, or is not seen at all.
fn is_shapeless(character: char) -> bool {
    let steers_direction =
        matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let has_no_width = matches!(character, '\u{ad}' | '\u{34f}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' | '\u{feff}');
    // Deprecated formats, annotations, and letters of Hangul that are blank.
    let is_unseen = matches!(character, '\u{206a}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}');
    let is_a_line_break_or_tag = matches!(character, '\u{2028}' | '\u{2029}' | '\u{e0000}'..='\u{e007f}');
    character.is_control() || steers_direction || has_no_width || is_unseen || is_a_line_break_or_tag
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_steers_a_terminal_is_shown_as_its_escape() {
        let check = |text: &str, expected: &str| assert_eq!(one_line(text), expected, "{text:?}");
        check("  two\r\n\twords ", "two words");
        check("\u{1b}[31mred\u{7}", r"\u{1b}[31mred\u{7}");
        check("\u{9b}2J \u{202e}gpj.exe \u{200b}x", r"\u{9b}2J \u{202e}gpj.exe \u{200b}x");
        check("初音ミク é", "初音ミク é");
        check("\u{fff9}a\u{3164}b\u{206f}", r"\u{fff9}a\u{3164}b\u{206f}");
        check(&"a".repeat(MAX_SHOWN), &"a".repeat(MAX_SHOWN));
        check(&"é".repeat(MAX_SHOWN + 1), &format!("{}…", "é".repeat(MAX_SHOWN)));
        assert_eq!(escaped("one\n\ttwo\u{1b}c\r"), "one\n\ttwo\\u{1b}c\\u{d}");
        assert_eq!(
            escaped_but_colours("\u{1b}[32mINFO\u{1b}[0m \u{202e}x\u{7}\n"),
            "\u{1b}[32mINFO\u{1b}[0m \\u{202e}x\\u{7}\n"
        );
    }

    proptest! {
        #[test]
        fn nothing_shapeless_is_left(text in any::<String>()) {
            let line = one_line(&text);
            prop_assert!(!line.chars().any(is_shapeless) && line.chars().count() <= 10 * MAX_SHOWN + 1);
            prop_assert_eq!(escaped(&escaped(&text)), escaped(&text));
            prop_assert!(!escaped_answer(&text).chars().any(|c| is_shapeless(c) && !matches!(c, '\n' | '\t')));
            let json = escaped_answer(&serde_json::to_string(&text).unwrap());
            prop_assert!(!json.chars().any(is_shapeless));
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
