//! What a site cannot do of what a configuration asks for, said before the site is asked.

use contracts::config::{CrawlConfig, Listing};

use crate::{
    dialect::Dialect,
    site::{self, Site},
};

/// Every problem of `[crawl]` that its schema cannot see.
pub(crate) fn of(config: &CrawlConfig) -> Vec<String> {
    let Some(Site { dialect, .. }) = site::find(&config.site) else {
        let (name, names) = (config.site.as_str(), site::names());
        return vec![format!("crawl.site: there is no site {name:?}; the sites are {names}")];
    };
    let mut problems = unknown_ratings(config, *dialect);
    problems.extend(reserved_words(config, *dialect));
    problems.extend(joined_words(config));
    problems
}

fn unknown_ratings(config: &CrawlConfig, dialect: &dyn Dialect) -> Vec<String> {
    let known: Vec<&str> = dialect.ratings().iter().map(|rating| rating.letter).collect();
    let unknown = config.ratings.iter().filter(|rating| !known.contains(&rating.as_str()));
    let problem =
        |rating| format!("crawl.ratings: {} gives no rating {rating:?}; it gives {}", config.site, known.join(", "));
    unknown.map(problem).collect()
}

/// Search words that would turn the listing into another one. Of either, the newest posts are taken: by post number, or as
/// pages show them, whose front changes whenever the order is another.
fn reserved_words(config: &CrawlConfig, dialect: &dyn Dialect) -> Vec<String> {
    let starts_with = |word: &str, starts: &[&str]| starts.iter().any(|start| word.starts_with(start));
    let orders = dialect.reserved_words().iter().filter(|word| ORDERS.contains(word)).copied().collect::<Vec<_>>();
    let problem = |word: &str| match config.listing {
        Listing::Json if starts_with(word, dialect.reserved_words()) && !starts_with(word, &orders) => Some(format!(
            "crawl.tags: {word:?} clashes with the JSON listing, which goes by post number; leave it out, or set \
             crawl.listing to \"html\""
        )),
        _ if starts_with(word, &orders) => Some(format!(
            "crawl.tags: {word:?} asks for another order, and a crawl ends with the newest posts (crawl.max_posts); leave it \
             out, or name a bound in its place, such as score:>=50"
        )),
        _ => None,
    };
    config.tags.split_whitespace().filter_map(problem).collect()
}

/// How words begin by which sites sort.
const ORDERS: [&str; 2] = ["order:", "sort:"];

/// Words joined by a plus, as addresses have them: the search finds a tag of that name, which there is none of.
fn joined_words(config: &CrawlConfig) -> Vec<String> {
    let is_joined = |word: &&str| {
        let parts: Vec<&str> = word.split('+').collect();
        // Tags such as "c++" or "+_+" have a plus of their own.
        parts.len() > 1 && parts.iter().all(|part| part.chars().filter(|c| c.is_alphanumeric()).count() > 1)
    };
    let words = config.tags.split_whitespace().filter(is_joined);
    words
        .map(|word| format!("crawl.tags: {word:?} is one word; separate tags by a space: {:?}", word.replace('+', " ")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut CrawlConfig), expected: &[&str]) {
        let mut config = CrawlConfig::default();
        change(&mut config);
        let problems = of(&config);
        assert_eq!(problems.len(), expected.len(), "{problems:?}");
        for (problem, part) in problems.iter().zip(expected) {
            assert!(problem.contains(part), "{problem}");
        }
    }

    #[test]
    fn what_the_site_cannot_do_is_said_before_it_is_asked() {
        check(|_| {}, &[]);
        check(
            |crawl| crawl.site = "nowhere".parse().unwrap(),
            &[
                "the sites are konachan, konachan-com, yandere, danbooru, safebooru, gelbooru, safebooru-org, folder, mini",
            ],
        );
        check(
            |crawl| crawl.ratings = vec!["s".into(), "g".into(), "x".into()],
            &["no rating \"g\"", "no rating \"x\""],
        );
        let danbooru = |crawl: &mut CrawlConfig| {
            crawl.site = "danbooru".parse().unwrap();
            crawl.ratings = vec!["g".into(), "s".into(), "safe".into()];
        };
        check(danbooru, &["danbooru gives no rating \"safe\"; it gives g, s, q, e"]);
        check(|crawl| crawl.tags = "solo order:score id:5".into(), &["order:score", "id:5"]);
        let by_pages = |crawl: &mut CrawlConfig| {
            crawl.tags = "order:score id:>5 solo".into();
            crawl.listing = Listing::Html;
        };
        check(by_pages, &["\"order:score\" asks for another order, and a crawl ends with the newest posts"]);
        let gelbooru = |crawl: &mut CrawlConfig| {
            crawl.site = "gelbooru".parse().unwrap();
            (crawl.tags, crawl.ratings) = ("sort:score:desc order:x".into(), vec!["g".into()]);
        };
        check(gelbooru, &["\"sort:score:desc\" asks for another order"]);
    }

    #[test]
    fn tags_that_are_joined_as_in_addresses_are_noticed() {
        check(|crawl| crawl.tags = "hatsune_miku+solo".into(), &["separate tags by a space: \"hatsune_miku solo\""]);
        for tags in ["hatsune_miku solo", "c++", "+_+", "1+2", "vocaloid_+", "a+b rating:s"] {
            check(|crawl| crawl.tags = tags.into(), &[]);
        }
    }
}
