//! Hostile robots.txt files and headers.

use std::time::SystemTime;

use fuzz::Target;

use super::{retry_after, robots::Robots, x_robots_tag};

#[test]
fn robots_files() {
    let seeds = [
        "User-agent: *\nDisallow: /post/*.json$\nAllow: /image\nCrawl-delay: 2.5\n\nUser-agent: nijigen/1\nDisallow: /%e3%81%82\n",
        "\u{feff}user-agent:*\r\ndisallow: /\r\n# no more\nSitemap: http://a.invalid/s.xml\n",
    ];
    let read = |bytes: &[u8]| {
        let robots = Robots::parse(&String::from_utf8_lossy(bytes));
        for path in
            ["/robots.txt", "/post.json?tags=a+b", "/image/%E3%81%82/1.png", "/", "/a/a/a/a/a/a/a/a/a/a/a/a/a/b"]
        {
            let refusal = robots.refusal(path);
            assert!(path != "/robots.txt" || refusal.is_none());
        }
        Ok(())
    };
    let words = [
        "Disallow: /*a*a*a*a*a*a*c",
        "Allow:",
        "User-agent: *\n",
        "$",
        "%",
        "%2",
        "*",
        "Crawl-delay: 1e308\n",
        "\r",
        "\0",
    ];
    Target::new("robots_files", &seeds, read).words(&words).run();
}

#[test]
fn headers() {
    let seeds = ["120", "Wed, 21 Oct 2015 07:28:00 GMT", "nijigen: noai, noindex", "unavailable_after: 25 Jun 2010"];
    let read = |bytes: &[u8]| {
        let value = String::from_utf8_lossy(bytes);
        retry_after::parse(&value, SystemTime::UNIX_EPOCH);
        x_robots_tag::refusal([&*value, "noai"].into_iter());
        Ok(())
    };
    Target::new("headers", &seeds, read).words(&["99999999999999999999", "-1", ":", ",", "none", "GMT"]).run();
}
