//! What stages read, by the names under which pipeline.lock remembers it.

use std::path::{Path, PathBuf};

use crate::{
    cascade,
    config::{Config, CropConfig, EvaluateConfig, PackConfig},
    idx,
    layout::Layout,
    stage_id::StageId,
};

/// Something that a stage reads.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its name in pipeline.lock and in reasons.
    pub name: String,
    /// Where it comes from, and so how it is recognised.
    pub source: Source,
}

/// Where an input comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// The output of another stage.
    Stage(StageId),
    /// A file of the pipeline's, by its content.
    File(fn(&Layout) -> PathBuf),
    /// The cascade of this name or path, by its content.
    Cascade(String),
    /// A file or a folder of the user's, relative to pipeline.toml, by names, lengths and times of change.
    Listing(PathBuf),
    /// The faces that the user threw away or listed.
    FacesLeftOut,
}

impl Input {
    fn new(name: impl Into<String>, source: Source) -> Self {
        Self { name: name.into(), source }
    }

    pub(super) fn stage(name: &str, stage: StageId) -> Self {
        Self::new(name, Source::Stage(stage))
    }

    /// What the mini booru serves, where that is a folder of the user's.
    pub(super) fn pictures_of_mini(config: &Config) -> Option<Self> {
        let pictures = &config.mini.pictures;
        let served = config.crawl.is_mini() && !pictures.as_os_str().is_empty();
        served.then(|| Self::new("the files of mini.pictures", Source::Listing(pictures.clone())))
    }

    /// What is taken over in the place of a site.
    pub(super) fn pictures_of_folder(config: &Config) -> Option<Self> {
        let folder = || Self::new("the files of crawl.folder", Source::Listing(config.crawl.folder.clone()));
        config.crawl.is_folder().then(folder)
    }

    /// The cascade's file; the embedded one is part of the cropper's code.
    pub(super) fn cascade(crop: &CropConfig) -> Option<Self> {
        (crop.cascade != cascade::EMBEDDED).then(|| Self::new("the cascade", Source::Cascade(crop.cascade.clone())))
    }

    /// The files of weights that the user gives for features.
    pub(super) fn weights(evaluate: &EvaluateConfig) -> impl Iterator<Item = Self> {
        let given = [("evaluate.inception", &evaluate.inception), ("evaluate.mobilenet", &evaluate.mobilenet)];
        let given = given.into_iter().filter(|(_, path)| !path.as_os_str().is_empty());
        given.map(|(key, path)| Self::new(format!("the weights of {key}"), Source::Listing(path.clone())))
    }

    /// What is packed, and the lists of what is left out of it.
    pub(super) fn sources(pack: &PackConfig) -> Vec<Self> {
        let mut inputs = vec![Self::new("the posts forgotten", Source::File(Layout::tombstones))];
        for source in &pack.sources {
            if source == PackConfig::FACES {
                inputs.push(Self::stage("the faces", StageId::Crop));
                inputs.push(Self::new("the faces left out by hand", Source::FacesLeftOut));
            } else {
                inputs.push(Self::new("the list of what is left out", Source::File(Layout::exclude_list)));
                inputs.extend(Self::files(source));
            }
        }
        inputs
    }

    /// A source of pictures from elsewhere, with the labels that lie beside MNIST's images.
    fn files(source: &str) -> impl Iterator<Item = Self> {
        let path = fixed_part(source);
        let labels = idx::labels_beside(path).into_iter().flatten().zip(["plain", "compressed"]);
        let labels =
            labels.map(move |(path, kind)| Self::new(format!("the {kind} labels of {source}"), Source::Listing(path)));
        [Self::new(format!("the files of {source}"), Source::Listing(path.into()))].into_iter().chain(labels)
    }
}

/// The folder above the first wildcard of a glob.
fn fixed_part(glob: &str) -> &Path {
    let path = Path::new(glob);
    let wild = |part: &Path| part.to_string_lossy().contains(['*', '?', '[']);
    path.ancestors().find(|part| !wild(part)).unwrap_or(Path::new(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(pack: &PackConfig) -> Vec<String> {
        Input::sources(pack).into_iter().map(|input| input.name).collect()
    }

    #[test]
    fn faces_and_foreign_files_are_watched_each_in_their_way() {
        let mut pack = PackConfig::default();
        assert_eq!(names(&pack), ["the posts forgotten", "the faces", "the faces left out by hand"]);
        pack.sources = vec!["mnist/t10k-images-idx3-ubyte".into()];
        assert_eq!(
            names(&pack),
            [
                "the posts forgotten",
                "the list of what is left out",
                "the files of mnist/t10k-images-idx3-ubyte",
                "the plain labels of mnist/t10k-images-idx3-ubyte",
                "the compressed labels of mnist/t10k-images-idx3-ubyte",
            ]
        );
    }

    #[test]
    fn weights_are_watched_where_they_are_given() {
        let mut evaluate = EvaluateConfig::default();
        assert_eq!(Input::weights(&evaluate).count(), 0);
        evaluate.mobilenet = "mobilenet.pth".into();
        let names: Vec<String> = Input::weights(&evaluate).map(|input| input.name).collect();
        assert_eq!(names, ["the weights of evaluate.mobilenet"]);
    }

    #[test]
    fn globs_are_watched_from_their_fixed_folder() {
        let check = |glob: &str, expected: &str| assert_eq!(fixed_part(glob), Path::new(expected), "{glob}");
        check("data/anime/*.jpg", "data/anime");
        check("data/*/x.jpg", "data");
        check("../faces-20k.tar", "../faces-20k.tar");
        check("*.tar", "");
    }
}
