//! The API's listing in XML: a `post` element a record, whose fields are attributes or elements of their own.

use roxmltree::{Document, Node, ParsingOptions};
use serde_json::{Map, Value};

use crate::{
    dialect::{NotAList, Page, answer::MAX_ENTRIES, explanation, html},
    post::Post,
};

/// The most parts that a record has, each of its fields an element with a text.
const MAX_PARTS: usize = 100;

/// Reads an answer of the API; `post` reads one record, and gives `None` where that has no number.
pub(super) fn posts(text: &str, post: impl Fn(&Map<String, Value>) -> Option<Post>) -> Result<Page, NotAList> {
    // No document type: what is declared there could grow without end.
    let options = ParsingOptions { nodes_limit: (MAX_ENTRIES * MAX_PARTS) as u32, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|_| no_list(text))?;
    let root = document.root_element();
    if !root.has_tag_name("posts") {
        return Err(no_list(text));
    }
    let entries = root.children().filter(|child| child.has_tag_name("post"));
    Page::of(entries.map(fields).map(|fields| post(&fields).ok_or_else(|| Value::Object(fields).to_string())))
}

fn fields(entry: Node<'_, '_>) -> Map<String, Value> {
    let attributes = entry.attributes().map(|attribute| (attribute.name(), attribute.value()));
    let elements = entry.children().filter(Node::is_element);
    let elements = elements.map(|element| (element.tag_name().name(), element.text().unwrap_or_default()));
    attributes.chain(elements).map(|(name, value)| (name.to_owned(), value.into())).collect()
}

fn no_list(text: &str) -> NotAList {
    match explanation(text) {
        Some(said) if text.contains("<response") => NotAList::Refusal(said),
        _ if text.contains("<posts") => NotAList::NotXml("it is damaged, or has too many parts"),
        _ => NotAList::Page(html::sentence(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&[u64], &str>) {
        let read = posts(text, |fields| {
            let number = fields.get("id")?.as_str()?.parse().ok()?;
            Some(Post { number, ..Post::default() })
        });
        match (read, expected) {
            (Ok(page), Ok(expected)) => {
                assert_eq!(page.posts.iter().map(|post| post.number).collect::<Vec<_>>(), expected, "{text}");
            }
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{text}: {error}"),
            (read, expected) => panic!("{text}: {read:?}, not {expected:?}"),
        }
    }

    #[test]
    fn a_list_is_told_from_everything_else() {
        check("<posts count=\"0\" offset=\"0\"/>", Ok(&[]));
        check("<posts><post id=\"9\"/><tag/><post md5=\"a\"/><post><id>8</id></post></posts>", Ok(&[9, 8]));
        check(
            "<posts><post md5=\"a\"/></posts>",
            Err("none of its 1 entries has a post id; the first is {\"md5\":\"a\"}"),
        );
        check("<posts><post id=\"9\"/>", Err("it is damaged"));
        check("<!DOCTYPE x [<!ENTITY a \"b\">]><posts>&a;</posts>", Err("it is damaged"));
        check("<html><title>Sorry</title></html>", Err("a web page where JSON was due, titled \"Sorry\""));
        check("<response reason=\"Search is down\"/>", Err("the site says: Search is down"));
        check(&format!("<posts>{}</posts>", "<post id=\"1\"/>".repeat(2001)), Err("more than 2000 entries"));
    }
}
