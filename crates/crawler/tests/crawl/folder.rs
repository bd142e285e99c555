//! Pictures that somebody has already: taken over whole, with what their metadata says, through the same promises.

use std::{fs, io::Cursor, path::Path};

use contracts::{Config, Context, Stage, options::CrawlOptions, record::PictureRecord, stage::Silent};
use crawler::{Crawl, CrawlError};
use image::{DynamicImage, ImageFormat, RgbImage};

use crate::place::Place;

fn picture(shade: u8, format: ImageFormat) -> Vec<u8> {
    let image = RgbImage::from_fn(9, 7, |x, y| image::Rgb([shade, x as u8, y as u8]));
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(image).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A place beside a folder with these files, by path.
fn place(files: &[(&str, Vec<u8>)]) -> Place {
    let mut place = Place::new("");
    let folder = place.path().join("own");
    for (name, bytes) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    place.config.crawl.site = "folder".parse().unwrap();
    place.config.crawl.folder = folder;
    place.config.crawl.ratings = vec!["g".into(), "s".into()];
    place
}

fn json(text: &str) -> Vec<u8> {
    text.replace('\'', "\"").into_bytes()
}

fn tar(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, bytes.as_slice()).unwrap();
    }
    builder.into_inner().unwrap()
}

/// What each record says of where it comes from.
fn told(place: &Place) -> Vec<(u64, String, String, String)> {
    let told = |record: PictureRecord| (record.post.number, record.source_url, record.rating, record.tags.join(" "));
    place.records().into_iter().map(told).collect()
}

fn told_as(number: u64, file: &str, rating: &str, tags: &str) -> (u64, String, String, String) {
    (number, file.into(), rating.into(), tags.into())
}

fn plan(place: &Place) -> Result<String, CrawlError> {
    let (layout, options) = (place.layout(), CrawlOptions { plan: true, ..CrawlOptions::default() });
    let context = Context { config: &place.config, layout: &layout, progress: &Silent, interrupt: &place.interrupt };
    Crawl::answer(&context, &options)
}

#[test]
fn each_tool_s_folders_are_taken_over_with_their_metadata() {
    let long = format!("{}/000000021.png", "deep/".repeat(30));
    let shard = tar(&[
        ("000000011.png", picture(1, ImageFormat::Png)),
        ("000000011.json", json("{'key':'000000011','caption':'a hat','url':'https://a.example/1.png'}")),
        ("000000012.png", picture(2, ImageFormat::Png)),
        ("000000012.json", json("{'key':'000000012','rating':'e'}")),
        ("000000012.txt", b"a hat".to_vec()),
        (&long, picture(3, ImageFormat::Png)),
    ]);
    let place = place(&[
        ("gallery/danbooru_71.jpg", picture(4, ImageFormat::Jpeg)),
        (
            "gallery/danbooru_71.jpg.json",
            json("{'id':71,'rating':'g','tag_string':'hat x','tag_string_artist':'x','source':'s'}"),
        ),
        ("dump/0123/263167.png", picture(5, ImageFormat::Png)),
        ("dump/0123/263168.png", picture(6, ImageFormat::Png)),
        (
            "dump/posts.json",
            json(
                "{'id':'263167','rating':'s','tags':[{'name':'dress'}]}\n{'id':'263168','is_banned':true,'rating':'g'}\n",
            ),
        ),
        ("shards/00000.tar", shard),
        ("plain.WEBP", picture(7, ImageFormat::WebP)),
        ("notes.txt", b"hello".to_vec()),
        (".hidden.png", picture(8, ImageFormat::Png)),
        ("film.mp4", b"\0\0\0\x18ftypmp42\0\0\0\0".to_vec()),
        ("torn.jpg", picture(9, ImageFormat::Jpeg)[..60].to_vec()),
    ]);
    let said = plan(&place).unwrap();
    assert!(said.contains("        9  pictures listed\n") && said.contains("  to copy"), "{said}");
    let report = place.crawl();
    let given = 1 << 40;
    let expected = [
        told_as(11, "shards/00000.tar!000000011.png", "", ""),
        told_as(21, &format!("shards/00000.tar!{long}"), "", ""),
        told_as(71, "gallery/danbooru_71.jpg", "g", "hat x"),
        told_as(263_167, "dump/0123/263167.png", "s", "dress"),
        told_as(given + 1, "plain.WEBP", "", ""),
    ];
    assert_eq!(told(&place), expected);
    assert_eq!((report.taken, report.dropped_as("rating"), report.dropped_as("banned")), (9, 1, 1));
    assert_eq!((report.dropped_as("other_medium"), report.dropped_as("cut_off"), report.failed), (1, 1, 0));
    let first = &place.records()[2];
    assert_eq!(
        (first.author.as_deref(), first.original_source.as_deref(), first.variant.as_str()),
        (Some("x"), Some("s"), "original")
    );
    assert_eq!((first.post.to_string().as_str(), first.page_url.as_str()), ("folder:71", ""));
    assert!(report.warnings.iter().any(|warning| warning.starts_with("2 files in")), "{:?}", report.warnings);
    let again = place.crawl();
    assert_eq!((again.figures["pictures_fetched"], again.output), (0.0, report.output));
}

#[test]
fn what_changes_in_the_folder_changes_here() {
    let place = place(&[
        ("a.png", picture(1, ImageFormat::Png)),
        ("b.png", picture(2, ImageFormat::Png)),
        ("7.png", picture(3, ImageFormat::Png)),
    ]);
    place.crawl();
    let own = place.config.crawl.folder.clone();
    let before = place.records();
    let numbers = place.numbers();
    fs::remove_file(own.join("a.png")).unwrap();
    fs::write(own.join("b.png"), picture(4, ImageFormat::Png)).unwrap();
    fs::write(own.join("0.png.json"), b"{}").unwrap();
    fs::write(own.join("aa.png"), picture(5, ImageFormat::Png)).unwrap();
    let report = place.crawl();
    assert_eq!(report.figures["pictures_fetched"], 2.0, "what is the same is not copied again");
    assert_eq!(place.numbers(), [7, numbers[2], numbers[2] + 1], "numbers stay");
    let after = place.records();
    assert_eq!(after[0], before[0]);
    assert_ne!(after[1].sha256, before[2].sha256);
}

#[test]
fn opt_outs_bounds_and_forgetting_hold_for_folders_too() {
    let sidecar = |id: u64, tags: &str| json(&format!("{{'id':{id},'rating':'g','tags':'{tags}','author':'Ame'}}"));
    let mut place = place(&[
        ("a.png", picture(1, ImageFormat::Png)),
        ("a.png.json", sidecar(1, "hat")),
        ("b.png", picture(2, ImageFormat::Png)),
        ("b.png.json", sidecar(2, "do_not_train")),
        ("c.png", picture(3, ImageFormat::Png)),
        ("c.png.json", sidecar(3, "")),
        ("d.png", picture(4, ImageFormat::Png)),
        ("d.png.json", b"{\"rating\":".to_vec()),
        ("e.png", picture(5, ImageFormat::Png)),
        ("e.png.json", sidecar(5, "")),
    ]);
    place.config.crawl.opt_out_tags = vec!["do_not_train".into()];
    place.config.crawl.opt_out_posts = vec!["folder:3".into()];
    let report = place.crawl();
    assert_eq!(place.numbers(), [1, 5]);
    assert_eq!(
        (report.dropped_as("opt_out_tag"), report.dropped_as("opt_out_post"), report.dropped_as("no_rating")),
        (1, 1, 1)
    );
    let forget = CrawlOptions { forget: vec!["folder:5".parse().unwrap()], ..CrawlOptions::default() };
    place.run(&forget).unwrap();
    assert_eq!(place.crawl().dropped_as("forgotten"), 1);
    assert_eq!(place.numbers(), [1]);
    place.config.crawl.opt_out_tags.clear();
    place.config.crawl.max_posts = 1;
    place.crawl();
    assert_eq!(place.numbers(), [2], "the highest numbers first");
}

#[test]
fn a_folder_that_is_none_or_holds_nothing_is_refused() {
    let error = |place: &Place| place.error();
    let empty = place(&[("notes.txt", b"hello".to_vec())]);
    assert!(error(&empty).contains("own holds no picture (1 other files)"), "{}", error(&empty));
    let mut missing = place(&[("a.png", picture(1, ImageFormat::Png))]);
    missing.config.crawl.folder = Path::new("/nowhere/at/all").into();
    assert!(error(&missing).contains("/nowhere/at/all"), "{}", error(&missing));
    let long = place(&[("a.tar", long_name())]);
    assert!(error(&long).contains("longer than any path"), "{}", error(&long));
    let mut config = Config::default();
    config.crawl.site = "folder".parse().unwrap();
    let request =
        contracts::config::Request { text: &config.to_toml(), file: "p.toml".as_ref(), profile: None, set: &[] };
    assert!(contracts::config::load(&request).unwrap_err().to_string().contains("must name a folder or a tar"));
}

/// A tar that says of a name that it has a gigabyte.
fn long_name() -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::GNULongName);
    header.set_path("././@LongLink").unwrap();
    header.set_size(1 << 30);
    header.set_cksum();
    [header.as_bytes().as_slice(), &[0; 2048]].concat()
}

#[cfg(unix)]
#[test]
fn links_are_followed_once_and_pipes_not_opened() {
    let place = place(&[("a/a.png", picture(1, ImageFormat::Png))]);
    let own = place.config.crawl.folder.clone();
    std::os::unix::fs::symlink(&own, own.join("a/loop")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", own.join("zero.png")).unwrap();
    std::os::unix::fs::symlink("nowhere", own.join("gone.png")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(own.join("pipe.png")).status().unwrap().success());
    let report = place.crawl();
    assert_eq!((report.taken, report.kept), (1, 1));
}
