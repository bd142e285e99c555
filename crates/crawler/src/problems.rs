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
    problems
}

fn unknown_ratings(config: &CrawlConfig, dialect: &dyn Dialect) -> Vec<String> {
    let known: Vec<&str> = dialect.ratings().iter().map(|rating| rating.letter).collect();
    let unknown = config.ratings.iter().filter(|rating| !known.contains(&rating.as_str()));
    let problem =
        |rating| format!("crawl.ratings: {} gives no rating {rating:?}; it gives {}", config.site, known.join(", "));
    unknown.map(problem).collect()
}

/// Search words that would turn the listing by post number into another one.
fn reserved_words(config: &CrawlConfig, dialect: &dyn Dialect) -> Vec<String> {
    let clashes = |word: &&str| dialect.reserved_words().iter().any(|start| word.starts_with(start));
    let words = config.tags.split_whitespace().filter(|word| config.listing == Listing::Json && clashes(word));
    words
        .map(|word| {
            format!("crawl.tags: {word:?} clashes with the JSON listing, which goes by post number; leave it out, or set crawl.listing to \"html\"")
        })
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
            &["the sites are konachan, konachan-com, yandere, danbooru, safebooru, mini"],
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
            crawl.tags = "order:score".into();
            crawl.listing = Listing::Html;
        };
        check(by_pages, &[]);
    }
}
