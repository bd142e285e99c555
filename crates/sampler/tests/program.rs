//! The program's commands on a small run and a small dataset.
#![allow(clippy::unwrap_used)]

mod place;

use std::{fs, path::Path};

use generator::{ClassChoice, Device, Encoding};
use place::{Place, RUN, SIDE, decode};
use serde_json::Value;

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn samples_are_the_same_on_a_sheet_in_a_folder_and_in_a_zip() {
    let place = Place::new();
    let said = place.works("sample --count 70 --seed 3 --out faces");
    assert!(said.contains("wrote faces: 70 samples of seed 3"), "{said}");
    let names = files(&place.at("faces"));
    assert_eq!((names.len(), &*names[0], &*names[69]), (70, "00000000.png", "00000069.png"));
    let expected = place.generator().sample(3, 0..70).unwrap();
    assert_eq!(place.image("faces/00000069.png"), expected[69]);
    place.works(&format!("sample {RUN} --count 70 --seed 3 --out faces.zip"));
    let mut zip = zip::ZipArchive::new(fs::File::open(place.at("faces.zip")).unwrap()).unwrap();
    assert_eq!(zip.len(), 70);
    let mut member = Vec::new();
    std::io::Read::read_to_end(&mut zip.by_name("00000069.png").unwrap(), &mut member).unwrap();
    assert_eq!(member, fs::read(place.at("faces/00000069.png")).unwrap());
    place.works("sample latest --count 4 --seed 3 --out sheet.png");
    let sheet = place.image("sheet.png");
    assert_eq!(sheet.sides(), (2 * (SIDE + 2), 2 * (SIDE + 2)));
    assert_eq!(sheet.cropped((SIDE as i32 + 3, 1), (SIDE, SIDE)), expected[1]);
    place.works("sample latest --count 4 --seed 3 --out again.png");
    assert_eq!(fs::read(place.at("sheet.png")).unwrap(), fs::read(place.at("again.png")).unwrap());
    place.works("sample latest --count 4 --seed 3 --numbered --out numbered.png");
    assert!(place.image("numbered.png").height() > sheet.height());
}

#[test]
fn samples_are_drawn_by_class() {
    let place = Place::new();
    place.fails("sample --class hat --out hats.png", "it knows no classes");
    place.fails("sample --class all --out hats.png", "it knows no classes");
    place.write_conditional();
    place.fails("sample --class cap --out hats.png", "choose one of hat, bow");
    let said = place.works("sample --count 3 --class bow --out bows");
    assert!(said.contains("3 samples of the class bow of seed 0"), "{said}");
    let drawn = place.generator();
    let bow = drawn.clone().with_class(ClassChoice::Class(1)).unwrap();
    let expected = bow.sample(0, 0..3).unwrap();
    assert_eq!(place.image("bows/00000002.png"), expected[2]);
    // The file says which class it is of, and is made again from that.
    let trace: Value = serde_json::from_str(&place.works("trace bows/00000002.png")).unwrap();
    assert_eq!((trace["class"].as_str(), trace["latent"][6 + 1].as_f64()), (Some("bow"), Some(1.0)));
    let said = place.works("sample --count 6 --class all --out all.png");
    assert!(said.contains("3 samples a class of seed 0, from top to bottom hat, bow"), "{said}");
    let sheet = place.image("all.png");
    assert_eq!(sheet.sides(), (3 * (SIDE + 2), 2 * (SIDE + 2)));
    assert_eq!(sheet.cropped((SIDE as i32 + 3, SIDE as i32 + 3), (SIDE, SIDE)), expected[1]);
    place.fails("sample --class all --out folder", ".png");
    // Unless asked for, classes are drawn.
    place.works("sample --count 3 --out drawn");
    assert_eq!(place.image("drawn/00000001.png"), drawn.sample(0, 1..2).unwrap()[0]);
}

#[test]
fn samples_can_be_truncated_and_chosen_among() {
    let place = Place::new();
    place.works("sample --count 3 --truncation 0.5 --out truncated");
    let generator = place.generator();
    let latents = generator.truncated_latents(0, 0..3, Some(0.5));
    assert!(latents.iter().flatten().all(|number| number.abs() <= 0.5));
    assert_eq!(generator.truncated_latents(0, 2..3, Some(100.0)), generator.latents(0, 2..3));
    assert_eq!(place.image("truncated/00000002.png"), generator.images(&latents).unwrap()[2]);
    place.works("sample --count 3 --best-of 4 --discriminator discriminator.safetensors --out best");
    let indices: Vec<u64> = files(&place.at("best")).iter().map(|name| name[..8].parse().unwrap()).collect();
    let discriminator =
        generator::TrainedDiscriminator::open(&place.at("discriminator.safetensors"), SIDE, &Device::flex()).unwrap();
    let scores = discriminator.scores(&generator.sample(0, 0..12).unwrap()).unwrap();
    for (group, index) in indices.iter().enumerate() {
        let of_group = &scores[4 * group..4 * group + 4];
        assert!(of_group.iter().all(|score| *score <= scores[*index as usize]), "{index} of {of_group:?}");
    }
}

#[test]
fn walks_are_written_in_every_form() {
    let place = Place::new();
    for (line, name) in
        [("", "walk.png"), ("--out walk.gif", "walk.gif"), ("--format strip --out strip.png", "strip.png")]
    {
        let said = place.works(&format!("walk latest --stops 1,2,5 --frames 4 {line}"));
        assert!(said.contains("12 images"), "{said}");
        decode(&fs::read(place.at(name)).unwrap());
    }
    assert_eq!(place.image("strip.png").sides(), (4 * (SIDE + 2), 3 * (SIDE + 2)));
    let said = place.works("walk latest --stops 1,2 --frames 3 --open --out film");
    assert!(said.contains("ffmpeg -framerate 20 -i 'film/%05d.png'"), "{said}");
    assert_eq!(files(&place.at("film")).len(), 4);
    assert_eq!(place.image("film/00003.png"), place.generator().sample(0, 2..3).unwrap()[0]);
}

#[test]
fn concepts_are_added_by_index_and_by_tag() {
    let place = Place::new();
    let said = place.works("arithmetic latest |1,2,3 - 4,5,6 + 7,8,9|");
    assert!(said.starts_with("+ 1,2,3\n- 4,5,6\n+ 7,8,9\nwrote arithmetic.png"), "{said}");
    assert_eq!(place.image("arithmetic.png").width(), 4 * (SIDE + 2));
    let said = place.works("arithmetic latest |hat - bow| --average 3");
    assert!(said.starts_with("+ hat: "), "{said}");
    place.fails("arithmetic latest |crown|", "0 training faces have the tag \"crown\"");
}

#[test]
fn mixtures_neighbours_and_projections_are_shown() {
    let place = Place::new();
    place.works("mix latest --rows 1,2 --columns 3,4,5");
    assert_eq!(place.image("mix.png").width(), 4 * (SIDE + 2));
    // The training faces are these very samples.
    let said = place.works("neighbours latest --indices 7,30 --nearest 2");
    let near: Vec<&str> = said.lines().filter(|line| line.contains("  0.0 ")).collect();
    assert_eq!(near.len(), 2, "{said}");
    assert!(near[0].contains("train/7  mini:7  http://mini.invalid/7.png"), "{said}");
    let target = place.generator().sample(0, 300..301).unwrap().remove(0);
    fs::write(place.at("target.png"), target.encode(Encoding::Png).unwrap()).unwrap();
    let said = place.works("project latest target.png --candidates 20 --steps 30");
    let numbers: Vec<f64> = said.split([' ', ')']).filter_map(|word| word.parse().ok()).collect();
    let [found, _, first] = numbers[..] else { panic!("{said}") };
    // Images of first weights differ so little that the search holds latents short for as much as it gains.
    assert!(found < 0.8 * first, "{said}");
    assert_eq!(place.image("projection.png").sides(), (2 * (SIDE + 2), SIDE + 2));
}

#[test]
fn a_sample_is_traced_to_its_latent_and_posts() {
    let place = Place::new();
    place.works("sample --count 3 --seed 0 --out faces");
    fs::rename(place.at("faces/00000002.png"), place.at("renamed.png")).unwrap();
    let trace: Value = serde_json::from_str(&place.works("trace renamed.png --nearest 1")).unwrap();
    assert_eq!((&trace["seed"], &trace["index"]), (&0.into(), &2.into()));
    assert_eq!((&trace["run"], &trace["dataset"]), (&RUN.into(), &"0123".into()));
    assert_eq!((&trace["nearest"][0]["name"], &trace["nearest"][0]["row"]), (&"mini:2".into(), &"train/2".into()));
    let latent: Vec<f32> = serde_json::from_value(trace["latent"].clone()).unwrap();
    assert_eq!(latent, place.generator().latents(0, 2..3)[0]);
    place.works("project latest renamed.png --candidates 5 --steps 2");
    let trace: Value = serde_json::from_str(&place.works("trace projection.png --nearest 1")).unwrap();
    assert_eq!((trace["seed"].is_null(), &trace["nearest"][0]["name"]), (true, &"mini:2".into()));
    place.works("sample --count 1 --out sheet.png");
    place.fails("trace sheet.png", "does not say where it comes from");
}

#[test]
fn models_go_out_and_weights_come_in() {
    let place = Place::new();
    for (options, name) in
        [("", "generator.onnx"), ("--half", "generator-half.onnx"), ("--pixels", "generator-pixels.onnx")]
    {
        place.works(&format!("onnx latest {options}"));
        assert!(fs::read(place.run.generator().with_file_name(name)).unwrap().len() > 1000, "{name}");
    }
    place.works("onnx latest --network discriminator --discriminator discriminator.safetensors --out d.onnx");
    let golden = Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("tests/golden/netG_epoch_0.pth");
    let said = place.works(&format!("import {} --recipe dcgan --out in.safetensors", golden.display()));
    assert!(said.contains("a generator of 64 px, of latents of 5"), "{said}");
    place.works("sample in.safetensors --count 1 --out one.png");
    assert_eq!(place.image("one.png").width(), 66);
}

#[test]
fn a_run_is_made_ready_for_the_hub() {
    let place = Place::new();
    let said = place.works("publish --dry-run");
    assert!(said.contains("README.md  (to be written)") && said.ends_with("all is well\n"), "{said}");
    assert!(!place.run.model_card().exists());
    let said = place.works("publish --repository me/faces");
    assert!(said.contains("hf upload me/faces ") && said.contains("--include generator.onnx"), "{said}");
    let card = fs::read_to_string(place.run.model_card()).unwrap();
    assert!(card.starts_with("---\nlibrary_name: nijigen\n"), "{card}");
    assert!(card.contains("| training images | 40 |") && card.contains("samples/0000000010.png"), "{card}");
    assert!(!place.works("publish --dry-run").contains("to be written"));
    let metrics = place.run.evaluation_metrics();
    for (json, problem) in
        [("{\"generator\": \"", "it is damaged"), ("{\"generator\": \"0123\"}", "of earlier weights")]
    {
        contracts::publish::write_file(&metrics, json.as_bytes()).unwrap();
        place.fails("publish", problem);
    }
    fs::remove_file(metrics).unwrap();
    fs::write(place.run.generator(), fs::read(place.at("discriminator.safetensors")).unwrap()).unwrap();
    place.fails("publish", "is not what");
}

#[test]
fn bad_input_is_refused_with_what_to_do() {
    let place = Place::new();
    fs::create_dir(place.at("there")).unwrap();
    fs::write(place.at("junk.png"), "junk").unwrap();
    fs::write(place.at("junk.pth"), "junk").unwrap();
    for (line, part) in [
        ("sample nothing", "no run in"),
        ("sample nothing/generator.safetensors", "there is nothing at"),
        ("sample junk.png", "cannot read the generator at"),
        ("sample --out there", "is there already"),
        ("sample --out a.jpg", "give .png, .zip, or a folder's name"),
        ("sample --count 0", "--count"),
        ("sample --count 5000", "too many for a sheet"),
        ("sample --truncation 0.01", "choose 0.05 to 100"),
        ("sample --best-of 2", "no checkpoint"),
        ("walk latest --stops 1", "two stops or more"),
        ("walk latest --out a.mp4", "or say --format"),
        ("arithmetic latest |1,2|", "fewer than 3 samples"),
        ("neighbours latest --dataset nowhere", "--dataset names the folder"),
        ("project latest junk.png", "cannot take junk.png as a target"),
        ("import junk.pth --recipe dcgan", "neither safetensors nor what torch.save writes"),
        ("trace junk.png", "does not say where it comes from"),
    ] {
        place.fails(line, part);
    }
    // The record beside a discriminator vouches for it.
    let generator = contracts::ContentHash::of(&fs::read(place.run.generator()).unwrap());
    let provenance =
        serde_json::json!({ "generator": generator, "discriminator": contracts::ContentHash::of(b"as it was") });
    fs::write(place.run.provenance(), provenance.to_string()).unwrap();
    fs::write(place.run.discriminator(), "as it is").unwrap();
    place.fails("sample --best-of 2", "is not what");
    assert!(!files(place.root.path()).iter().any(|name| name.starts_with(".partial")));
}
