//! What goes wrong is said clearly, with the exit code that it deserves, and never with a panic.

use std::fs;

use end_to_end::Pipeline;

#[test]
fn a_broken_configuration_lists_all_its_problems_with_their_lines() {
    let pipeline = Pipeline::with("seed = \"x\"\n[crawl]\nmax_postz = 3\n[crop]\nscale_factor = 0.5\n");
    let problems = [
        "3 problems",
        "pipeline.toml:1: seed: invalid type",
        "pipeline.toml:3: there is no key crawl.max_postz; did you mean crawl.max_posts?",
        "pipeline.toml:5: crop.scale_factor must be above 1",
    ];
    pipeline.fail(&["pipeline"], 2, &problems);
    pipeline.fail(&["status"], 2, &problems);
}

#[test]
fn a_recipe_that_does_not_exist_is_bad_usage() {
    let pipeline = Pipeline::tiny();
    pipeline.fail(&["train", "--set", "train.recipe=dcgam"], 2, &["dcgam", "dcgan-tutorial"]);
}

#[test]
fn an_unreachable_site_is_named() {
    let pipeline = Pipeline::tiny();
    let address = "crawl.base_url=http://127.0.0.1:9";
    pipeline.fail(&["pipeline", "--until", "crawl", "--set", address], 1, &["127.0.0.1:9"]);
}

#[test]
fn a_crawl_that_finds_nothing_says_what_to_change() {
    let pipeline = Pipeline::tiny();
    pipeline.fail(&["crawl", "--set", "crawl.tags=no_such_tag"], 1, &["crawl.tags"]);
}

#[test]
fn a_corrupt_cascade_is_told_before_any_picture_is_read() {
    let pipeline = Pipeline::tiny();
    pipeline.succeed(&["pipeline", "--until", "crawl"]);
    fs::write(pipeline.path("broken.xml"), "<opencv_storage><cascade>").unwrap();
    let crop = |cascade: &str, code: i32, alone: &[&str], expected: &[&str]| {
        let words = [&["crop", "--set", cascade], alone].concat();
        pipeline.fail(&words, code, expected);
    };
    let alone = ["--set", "crop.mode=exact", "--set", "crop.min_confidence=0"];
    crop(
        "crop.cascade=broken.xml",
        2,
        &[],
        &["crop.mode must be \"exact\" or \"fast\"", "crop.min_confidence must be 0"],
    );
    crop("crop.cascade=broken.xml", 1, &alone, &["broken.xml"]);
    crop("crop.cascade=nowhere.xml", 1, &alone, &["nowhere.xml", "crop.cascade"]);
}

#[test]
fn a_missing_predecessor_names_the_stage_to_run() {
    let pipeline = Pipeline::tiny();
    pipeline.fail(&["crop"], 1, &["there is no manifest at"]);
    pipeline.fail(&["train"], 1, &["cargo xtask pack"]);
}

#[test]
fn no_face_in_any_picture_says_what_to_change() {
    let pipeline = Pipeline::tiny();
    let exact = ["pipeline", "--set", "crop.mode=exact", "--set", "crop.min_neighbors=1000"];
    pipeline.fail(&exact, 1, &["no face", "crop.min_neighbors"]);
    pipeline.fail(&["pipeline", "--set", "crop.min_side=100000"], 1, &["faces found was kept", "crop.min_side"]);
}

#[test]
fn fewer_faces_than_a_batch_is_an_error_with_both_numbers() {
    let pipeline = Pipeline::tiny();
    pipeline.fail(&["pipeline", "--set", "train.batch_size=4096"], 1, &["4096", "train.batch_size"]);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let pipeline = Pipeline::tiny();
    fs::write(pipeline.path("file"), "").unwrap();
    pipeline.fail(&["crawl", "--set", "paths.data=file/data"], 1, &["cannot create the folder", "file/data"]);
}

#[test]
fn a_picture_damaged_on_disk_is_counted_and_fetched_again() {
    let pipeline = Pipeline::tiny();
    pipeline.succeed(&["pipeline", "--until", "crop"]);
    let faces = pipeline.files("data/faces");
    let pictures = pipeline.files("data/raw/pictures");
    let victim = pipeline.path("data/raw/pictures").join(pictures.keys().next().unwrap());
    let bytes = fs::read(&victim).unwrap();
    fs::write(&victim, &bytes[..bytes.len() / 2]).unwrap();
    fs::remove_dir_all(pipeline.path("data/faces")).unwrap();
    pipeline.fail(&["crop"], 3, &["1 picture altered since the crawl"]);
    pipeline.succeed(&["crawl"]);
    assert_eq!(pipeline.files("data/raw/pictures"), pictures);
    pipeline.succeed(&["crop"]);
    assert_eq!(pipeline.files("data/faces"), faces);
}
