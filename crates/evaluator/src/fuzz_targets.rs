//! Damaged files of a run, as the report shows them.

use contracts::ContentHash;
use fuzz::Target;

use crate::{
    evaluation::{Evaluation, FORMAT, NearFace, Neighbours, SampleNeighbours, VERSION},
    history,
    page_content::Provenance,
};

#[global_allocator]
static ALLOCATOR: fuzz::CountingAllocator = fuzz::CountingAllocator;

#[test]
fn evaluations() {
    let evaluation = Evaluation {
        format: FORMAT.into(),
        version: VERSION,
        run: "dcgan-64px-0a1b2c3d".parse().unwrap(),
        dataset: ContentHash::of(b"dataset"),
        generator: ContentHash::of(b"generator"),
        seed: 7,
        side: 32,
        generated: 200,
        sliced_wasserstein: None,
        features: vec![],
        images: vec![],
        copying: None,
        walks: None,
        classes: Vec::new(),
    };
    let face = NearFace { row: 3, distance: 12.5, path: "a.png".into(), post: "mini:3".parse().ok(), source_url: None };
    let neighbours = Neighbours {
        format: Neighbours::FORMAT.into(),
        version: Neighbours::VERSION,
        run: evaluation.run.clone(),
        generator: evaluation.generator,
        side: 32,
        samples: vec![SampleNeighbours { sample: 0, nearest: vec![face] }],
    };
    let seeds = [serde_json::to_vec(&evaluation).unwrap(), serde_json::to_vec(&neighbours).unwrap()];
    let read = |bytes: &[u8]| match (Evaluation::parse(bytes), Neighbours::parse(bytes)) {
        (Err(one), Err(_)) => Err(one.to_string()),
        _ => Ok(()),
    };
    Target::new("evaluations", &seeds, read).words(&["null", "[]", "1e999", "\"version\":1,", "-1"]).run();
}

#[test]
fn histories() {
    let seeds = [
        "{\"step\":1,\"images\":50,\"kimg\":0.05,\"loss_generator\":2.5,\"images_per_second\":250.0}\n{\"kimg\":0.1,\"attempt\":2}\n",
        "{\"kimg\":1.0,\"network\":\"random-1\",\"split\":\"holdout\",\"frechet\":40.5,\"recall\":0.5}\n",
        "{\"seed\":7,\"images_shown\":500,\"dataset\":{\"train_rows\":10},\"recipe\":{\"name\":\"dcgan\"}}",
    ];
    let read = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let provenance = serde_json::from_str::<Provenance>(&text).ok();
        let recipe = provenance.and_then(|provenance| provenance.recipe()).or_else(|| gan::Recipe::named("dcgan").ok());
        for plot in history::plots(&text, recipe.as_ref()) {
            assert!(plot.curves.iter().flat_map(|curve| &curve.points).all(|(x, y)| x.is_finite() && y.is_finite()));
        }
        Ok(())
    };
    Target::new("histories", &seeds, read).words(&["1e308", "-1e308", "null", "1e999", "\n"]).run();
}
