//! How the files of MNIST and its kin are named.

use std::path::{Path, PathBuf};

/// Whether a file's name is that of an IDX file of images, compressed or not.
pub fn is_images(name: &str) -> bool {
    has_kind(name, "idx3-ubyte")
}

/// Whether it is that of an IDX file of labels.
pub fn is_labels(name: &str) -> bool {
    has_kind(name, "idx1-ubyte")
}

/// MNIST's own files are named `train-images-idx3-ubyte`, many copies `train-images.idx3-ubyte`.
fn has_kind(name: &str, kind: &str) -> bool {
    name.strip_suffix(".gz").unwrap_or(name).ends_with(kind)
}

/// Where the labels of a file of images may lie, plain or compressed; `None` where its name is not that of one.
pub fn labels_beside(images: &Path) -> Option<[PathBuf; 2]> {
    let name = images.file_name()?.to_str().filter(|name| is_images(name))?;
    let name = name.replace("images", "labels").replace("idx3", "idx1");
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    Some([plain.to_owned(), format!("{plain}.gz")].map(|name| images.with_file_name(name)))
}

/// Where the images of a file of labels may lie, plain or compressed; `None` where its name is not that of one.
pub fn images_beside(labels: &Path) -> Option<[PathBuf; 2]> {
    let name = labels.file_name()?.to_str().filter(|name| is_labels(name))?;
    let name = name.replace("labels", "images").replace("idx1", "idx3");
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    Some([plain.to_owned(), format!("{plain}.gz")].map(|name| labels.with_file_name(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_lie_beside_their_labels() {
        let beside = images_beside(Path::new("mnist/train-labels-idx1-ubyte.gz")).unwrap();
        assert_eq!(beside, ["mnist/train-images-idx3-ubyte", "mnist/train-images-idx3-ubyte.gz"].map(PathBuf::from));
        assert_eq!(images_beside(Path::new("train-images-idx3-ubyte")), None);
    }

    #[test]
    fn labels_lie_beside_the_images_of_mnist() {
        let check = |images: &str, expected: Option<[&str; 2]>| {
            assert_eq!(labels_beside(Path::new(images)), expected.map(|paths| paths.map(PathBuf::from)), "{images}");
        };
        check(
            "mnist/train-images-idx3-ubyte",
            Some(["mnist/train-labels-idx1-ubyte", "mnist/train-labels-idx1-ubyte.gz"]),
        );
        check("t10k-images.idx3-ubyte.gz", Some(["t10k-labels.idx1-ubyte", "t10k-labels.idx1-ubyte.gz"]));
        check("images/faces.tar", None);
    }
}
