//! Shards of which all pictures were looked at, with a face in some.

use std::{
    collections::{BTreeMap, HashSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use contracts::{
    ContentHash, Layout,
    id::{FaceId, PostId, ShardId},
    manifest::{Header, Records, Spool},
    record::{FaceRecord, PictureRecord},
};

use crate::{ledger, links::Links, place::Place};

/// The side of the one face that stands for all.
const SIDE: u32 = 16;

/// One picture in so many has a face: of a million posts of a site some hundred thousand have one that is large enough.
pub(crate) const PICTURES_A_FACE: u64 = 8;

/// Makes the findings of all pictures of the crawl's manifest, and a file for each face.
pub(crate) fn fill(place: &Place, recipe: &str) {
    let (file, pixels) = face(place);
    let mut links = Links::to(&file);
    let mut shard: Option<(ShardId, String)> = None;
    let mut seen = HashSet::new();
    for record in Records::<PictureRecord>::open(&place.layout.raw_manifest()).unwrap().map(Result::unwrap) {
        // Repeats are of the post just before.
        if !seen.insert(record.sha256) {
            continue;
        }
        let id = record.post.shard();
        if shard.as_ref().is_none_or(|(last, _)| *last != id) {
            end(place, recipe, shard.take());
            seen.clear();
            seen.insert(record.sha256);
            fs::create_dir_all(place.layout.faces_shard(&id)).unwrap();
        }
        let (_, findings) = shard.get_or_insert_with(|| (id.clone(), String::new()));
        let (picture, number) = (record.sha256, record.post.number);
        if !number.is_multiple_of(PICTURES_A_FACE) {
            let _ = write!(findings, r#""{picture}":{{"faces":[]}},"#);
            continue;
        }
        let _ = write!(
            findings,
            r#""{picture}":{{"faces":[{{"index":0,"box":[{x},20,100,100],"neighbours":9,"score":{score},"grey_std":40.5,"sharpness":9.25,"side":100,"fate":"kept","pixels":"{pixels}"}}]}},"#,
            x = number % 1000,
            score = number % 977,
        );
        links.add(&place.layout.face(&place.layout.face_file(&id, &format!("{picture}-0.png"))));
    }
    end(place, recipe, shard);
}

/// Makes the faces' manifest of so many posts without a crawl and a crop, and a file for each face.
pub(crate) fn fill_manifest(place: &Place, posts: u64) {
    let (file, pixels) = face(place);
    let mut links = Links::to(&file);
    let mut records = Spool::of(&place.layout.faces_manifest());
    let tags: Vec<String> = (0..12).map(|tag| format!("tag_of_some_length_{tag}")).collect();
    for number in (PICTURES_A_FACE..=posts).step_by(PICTURES_A_FACE as usize) {
        let (picture, post): (_, PostId) = (ledger::picture(number), place.post(number).parse().unwrap());
        let (face, shard) = (FaceId { picture, index: 0 }, post.shard());
        let name = place.layout.face_file(&shard, &format!("{face}.png"));
        fs::create_dir_all(place.layout.faces_shard(&shard)).unwrap();
        links.add(&place.layout.face(&name));
        let record = FaceRecord {
            face,
            picture,
            post,
            other_posts: Vec::new(),
            file: name,
            pixel_box: [(number % 1000) as i32, 20, 100, 100].into(),
            angle: 0.0,
            corners: None,
            neighbours: 9,
            score: (number % 977) as f64,
            confidence: None,
            grey_std: 40.5,
            sharpness: 9.25,
            side: 100,
            pixels_sha256: Some(pixels),
            rating: "s".into(),
            tags: tags.clone(),
            source_url: place.url(number),
        };
        records.push(&record).unwrap();
    }
    records.publish(&Header::new::<FaceRecord>("scale", None, BTreeMap::new(), 1)).unwrap();
}

fn end(place: &Place, recipe: &str, shard: Option<(ShardId, String)>) {
    let Some((id, findings)) = shard else { return };
    let findings = findings.trim_end_matches(',');
    let json = format!(r#"{{"format":2,"recipe":"{recipe}","crops":"png","counts":{{}},"pictures":{{{findings}}}}}"#);
    fs::write(Layout::shard_record(&place.layout.faces_shard(&id)), json).unwrap();
}

/// The file, and the hash of its pixels.
fn face(place: &Place) -> (PathBuf, ContentHash) {
    let grey = image::RgbImage::from_fn(SIDE, SIDE, |x, y| image::Rgb([(x * 16 + y) as u8; 3]));
    let path: &Path = &place.path("face.png");
    grey.save(path).unwrap();
    (path.into(), ContentHash::of(grey.as_raw()))
}
