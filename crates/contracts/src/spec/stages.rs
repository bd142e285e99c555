//! The table of the stages.

use super::{Feature, Input, NewCode, Output, StageSpec};
use crate::{
    config::Engine,
    layout::{Layout, RunLayout},
    options::{CrawlOptions, CropOptions, EvaluateOptions, OptionsParser, PackOptions, ReportOptions, TrainOptions},
    stage_id::StageId,
};

/// All stages, in the order in which they run.
pub const STAGES: [StageSpec; 6] = [CRAWL, CROP, PACK, TRAIN, EVALUATE, REPORT];

const CRAWL: StageSpec = StageSpec {
    id: StageId::Crawl,
    about: "Fetch pictures from the booru",
    package: "crawler",
    binary: "crawler",
    feature: |_| None,
    options: OptionsParser::of::<CrawlOptions>(),
    sections: |config| if config.crawl.is_mini() { &["", "crawl", "mini"] } else { &["crawl"] },
    inputs: |config| Input::pictures_of_mini(config).into_iter().chain(Input::pictures_of_folder(config)).collect(),
    output: Output::Manifest(Layout::raw_manifest),
    takes: "posts",
    keeps: "pictures",
    new_code: NewCode::Remake,
};

const CROP: StageSpec = StageSpec {
    id: StageId::Crop,
    about: "Cut faces from the pictures",
    package: "face-cropper",
    binary: "face-cropper",
    feature: |config| (config.crop.engine == Engine::Opencv).then_some(Feature::OpenCv),
    options: OptionsParser::of::<CropOptions>(),
    sections: |_| &["crop"],
    inputs: |config| {
        [Input::stage("the pictures", StageId::Crawl)].into_iter().chain(Input::cascade(&config.crop)).collect()
    },
    output: Output::Manifest(Layout::faces_manifest),
    takes: "pictures",
    keeps: "faces",
    new_code: NewCode::Remake,
};

const PACK: StageSpec = StageSpec {
    id: StageId::Pack,
    about: "Pack the faces into a dataset",
    package: "dataset-packer",
    binary: "dataset-packer",
    feature: |_| None,
    options: OptionsParser::of::<PackOptions>(),
    sections: |_| &["pack"],
    inputs: |config| Input::sources(&config.pack),
    output: Output::File(Layout::dataset_index),
    takes: "pictures",
    keeps: "rows",
    new_code: NewCode::Remake,
};

const TRAIN: StageSpec = StageSpec {
    id: StageId::Train,
    about: "Train the networks on the dataset",
    package: "trainer",
    binary: "trainer",
    feature: |config| Some(if config.train.ranks > 1 { Feature::Ranks } else { Feature::Device(config.train.device) }),
    options: OptionsParser::of::<TrainOptions>(),
    sections: |_| &["", "train"],
    inputs: |_| vec![Input::stage("the dataset", StageId::Pack)],
    output: Output::RunFile(RunLayout::generator),
    takes: "rows",
    keeps: "rows",
    new_code: NewCode::Keep,
};

const EVALUATE: StageSpec = StageSpec {
    id: StageId::Evaluate,
    about: "Measure the trained generator",
    package: "evaluator",
    binary: "evaluator",
    feature: |config| Some(Feature::Device(config.train.device)),
    options: OptionsParser::of::<EvaluateOptions>(),
    sections: |_| &["", "evaluate"],
    inputs: |config| {
        let stages = [Input::stage("the dataset", StageId::Pack), Input::stage("the generator", StageId::Train)];
        stages.into_iter().chain(Input::weights(&config.evaluate)).collect()
    },
    output: Output::RunFile(RunLayout::evaluation_metrics),
    takes: "samples",
    keeps: "samples",
    new_code: NewCode::Remake,
};

const REPORT: StageSpec = StageSpec {
    id: StageId::Report,
    about: "Make the page that shows the run",
    package: "evaluator",
    binary: "reporter",
    feature: |_| None,
    options: OptionsParser::of::<ReportOptions>(),
    sections: |_| &["report"],
    inputs: |_| vec![Input::stage("the generator", StageId::Train), Input::stage("the evaluation", StageId::Evaluate)],
    output: Output::RunFile(RunLayout::report_page),
    takes: "run",
    keeps: "page",
    new_code: NewCode::Remake,
};
