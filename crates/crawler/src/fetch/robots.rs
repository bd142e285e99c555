//! robots.txt as RFC 9309 has it: which paths a site's owner lets us ask for, and how often.

use std::time::Duration;

/// The name that robots.txt addresses us by.
const PRODUCT: &str = "nijigen";
/// What is read of a robots.txt: the standard demands 500 KiB at least.
const MAX_BYTES: usize = 512 << 10;
/// The longest pause between requests that can be told from a mistake.
const MAX_DELAY: f64 = 86_400.0;

/// The rules that a robots.txt has for us.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Robots {
    rules: Vec<Rule>,
    /// The pause that it wants between requests.
    pub(crate) crawl_delay: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq)]
struct Rule {
    allows: bool,
    /// In the one spelling that [`normalized`] gives.
    pattern: Vec<u8>,
    /// As it stands in the file.
    text: String,
}

/// A line that says something: its name in lower case, and its value.
struct Line<'a> {
    key: String,
    value: &'a str,
}

impl Robots {
    /// Reads a robots.txt: the groups for our name, or where there are none those for everybody. Lines that cannot be
    /// understood are passed over, so that any text is one.
    pub(crate) fn parse(text: &str) -> Self {
        let end = (0..=MAX_BYTES.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let lines: Vec<Line<'_>> = text[..end].split(['\n', '\r']).filter_map(line).collect();
        let named = |value: &str| token(value).eq_ignore_ascii_case(PRODUCT);
        group(&lines, named).or_else(|| group(&lines, |value| value.starts_with('*'))).unwrap_or_default()
    }

    /// The rule that refuses a path with its query, as it stands in the file. The longest rule decides; of two of
    /// the same length the one that allows.
    pub(crate) fn refusal(&self, path: &str) -> Option<&str> {
        let path = normalized(path);
        if path == b"/robots.txt" {
            return None;
        }
        let matching = self.rules.iter().filter(|rule| matches(&rule.pattern, &path));
        let decisive = matching.max_by_key(|rule| (rule.pattern.len(), rule.allows))?;
        (!decisive.allows).then_some(&decisive.text)
    }
}

/// All groups that are for `ours`, put together.
fn group(lines: &[Line<'_>], ours: impl Fn(&str) -> bool) -> Option<Robots> {
    let mut robots = None;
    let (mut is_ours, mut in_head) = (false, false);
    for line in lines {
        match line.key.as_str() {
            "user-agent" => {
                is_ours = ours(line.value) || (in_head && is_ours);
                in_head = true;
                if is_ours {
                    robots.get_or_insert_with(Robots::default);
                }
            }
            "allow" | "disallow" | "crawl-delay" => {
                in_head = false;
                if is_ours {
                    robots.get_or_insert_with(Robots::default).take(line);
                }
            }
            // A sitemap or the like belongs to no group and ends none.
            _ => {}
        }
    }
    robots
}

impl Robots {
    fn take(&mut self, line: &Line<'_>) {
        if line.key == "crawl-delay" {
            self.crawl_delay = self.crawl_delay.max(delay(line.value));
            return;
        }
        if line.value.is_empty() {
            return;
        }
        let allows = line.key == "allow";
        let text = format!("{}: {}", if allows { "Allow" } else { "Disallow" }, line.value);
        self.rules.push(Rule { allows, pattern: normalized(line.value), text });
    }
}

fn line(text: &str) -> Option<Line<'_>> {
    let text = text.split('#').next().unwrap_or_default().trim_start_matches('\u{feff}');
    let (key, value) = text.split_once(':')?;
    Some(Line { key: key.trim().to_ascii_lowercase(), value: value.trim() })
}

/// The name at the start of a `User-agent` line's value, without a version.
fn token(value: &str) -> &str {
    let end = value.find(|letter: char| !(letter.is_ascii_alphabetic() || letter == '_' || letter == '-'));
    &value[..end.unwrap_or(value.len())]
}

fn delay(value: &str) -> Option<Duration> {
    let seconds: f64 = value.parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds > 0.0)?;
    Some(Duration::from_secs_f64(seconds.min(MAX_DELAY)))
}

/// One spelling for all spellings of a path: escapes in upper case, no escape for what needs none, one for what is
/// not ASCII.
fn normalized(path: &str) -> Vec<u8> {
    let bytes = path.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |offset: usize| bytes.get(at + offset).and_then(|byte| char::from(*byte).to_digit(16));
        let (byte, escaped) = match (bytes[at], hex(1), hex(2)) {
            (b'%', Some(high), Some(low)) => ((high * 16 + low) as u8, true),
            (byte, ..) => (byte, false),
        };
        at += if escaped { 3 } else { 1 };
        let unreserved = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if unreserved || (!escaped && byte != b'%' && byte.is_ascii_graphic()) {
            out.push(byte);
        } else {
            out.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
    out
}

/// Whether a pattern fits the start of a path; `*` stands for anything, a `$` at its end for the path's end.
fn matches(pattern: &[u8], path: &[u8]) -> bool {
    let (pattern, to_the_end) = pattern.strip_suffix(b"$").map_or((pattern, false), |pattern| (pattern, true));
    let (mut in_pattern, mut in_path) = (0, 0);
    // Where to go on when what follows the last star does not fit: the star then stands for one byte more.
    let mut star = None;
    loop {
        match pattern.get(in_pattern) {
            Some(b'*') => {
                star = Some((in_pattern + 1, in_path));
                in_pattern += 1;
                continue;
            }
            None if !to_the_end || in_path == path.len() => return true,
            Some(byte) if path.get(in_path) == Some(byte) => {
                (in_pattern, in_path) = (in_pattern + 1, in_path + 1);
                continue;
            }
            _ => {}
        }
        let Some((after, taken)) = star.filter(|(_, taken)| *taken < path.len()) else { return false };
        star = Some((after, taken + 1));
        (in_pattern, in_path) = (after, taken + 1);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, path: &str, expected: Option<&str>) {
        assert_eq!(Robots::parse(text).refusal(path), expected, "{path} under {text:?}");
    }

    #[test]
    fn the_longest_rule_decides_and_allow_wins_a_draw() {
        let text = "User-agent: *\nDisallow: /post\nAllow: /post.json\nDisallow: /page\nAllow: /page\nDisallow:\n";
        check(text, "/post?page=1", Some("Disallow: /post"));
        check(text, "/post.json?limit=3", None);
        check(text, "/page", None);
        check(text, "/image/a.jpg", None);
        check("User-agent: *\nDisallow: /", "/robots.txt", None);
        check("", "/post", None);
    }

    #[test]
    fn stars_and_ends_are_understood() {
        let check = |rule: &str, path: &str, refused: bool| {
            let robots = Robots::parse(&format!("user-agent: *\ndisallow: {rule}"));
            assert_eq!(robots.refusal(path).is_some(), refused, "{rule} on {path}");
        };
        check("/*.php$", "/index.php", true);
        check("/*.php$", "/index.php?a", false);
        check("/*.php", "/index.php?a", true);
        check("*", "/anything", true);
        check("/a$", "/a", true);
        check("/a$", "/ab", false);
        check("/a*b*c", "/a1b2b3c4", true);
        check("/a*b*c$", "/acb", false);
        check("/*a$", "/aaab", false);
        check("/Post", "/post", false);
        check("/a%3cb", "/a%3Cb", true);
        check("/%70ost", "/post", true);
        check("/ä", "/%C3%A4", true);
        check("/a%2Fb", "/a/b", false);
    }

    #[test]
    fn our_own_groups_come_before_those_for_everybody() {
        let text = "User-agent: other\nUser-agent: NIJIGEN/2.0\nDisallow: /a # why\n\nSitemap: http://x\nDisallow: /b\n\
            User-agent: *\nDisallow: /\nUser-agent: nijigen\nAllow: /b/c\nCrawl-delay: 2.5";
        check(text, "/a", Some("Disallow: /a"));
        check(text, "/b", Some("Disallow: /b"));
        check(text, "/b/c", None);
        check(text, "/else", None);
        assert_eq!(Robots::parse(text).crawl_delay, Some(Duration::from_millis(2500)));
        check("User-agent: nijigens\nDisallow: /\n", "/a", None);
        check("\u{feff}user-agent : *\r\ndisallow : /a\r\n", "/a", Some("Disallow: /a"));
        check("User-agent: nijigen\nUser-agent: *\nDisallow: /a", "/a", Some("Disallow: /a"));
        check("User-agent: nijigen\nAllow: /\nUser-agent: *\nDisallow: /a", "/a", None);
    }

    #[test]
    fn a_delay_that_is_none_is_passed_over() {
        let check = |value: &str, expected: Option<f64>| {
            let robots = Robots::parse(&format!("User-agent: *\nCrawl-delay: {value}"));
            assert_eq!(robots.crawl_delay, expected.map(Duration::from_secs_f64), "{value}");
        };
        check("10", Some(10.0));
        check("0", None);
        check("-1", None);
        check("soon", None);
        check("NaN", None);
        check("1e300", Some(MAX_DELAY));
    }

    /// What a pattern means, by definition and without care for speed.
    fn by_definition(pattern: &[u8], path: &[u8]) -> bool {
        match pattern {
            [] => true,
            b"$" => path.is_empty(),
            [b'*', rest @ ..] => (0..=path.len()).any(|skipped| by_definition(rest, &path[skipped..])),
            [byte, rest @ ..] => path.first() == Some(byte) && by_definition(rest, &path[1..]),
        }
    }

    proptest! {
        #[test]
        fn patterns_match_as_defined(pattern in "/[ab*]{0,8}\\$?", path in "/[ab]{0,10}") {
            prop_assert_eq!(matches(pattern.as_bytes(), path.as_bytes()), by_definition(pattern.as_bytes(), path.as_bytes()));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,200}", path in "\\PC{0,40}") {
            Robots::parse(&text).refusal(&path);
        }

        #[test]
        fn no_lines_make_it_panic(
            lines in proptest::collection::vec("(user-agent|allow|disallow|crawl-delay)?[: ]{0,2}[*/$%a0-9]{0,12}", 0..20),
            path in "/[*/$%a0-9]{0,40}",
        ) {
            Robots::parse(&lines.join("\n")).refusal(&path);
        }

        #[test]
        fn a_path_is_normalized_once_for_all(path in "\\PC{0,40}") {
            let once = String::from_utf8(normalized(&path)).unwrap();
            prop_assert_eq!(normalized(&once), once.as_bytes());
        }
    }
}
