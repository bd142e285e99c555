//! The IDX files of MNIST and its kin: grey images in one file, their classes in another beside it.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    sync::Arc,
};

use contracts::idx;
use flate2::read::GzDecoder;

use super::{Inventory, file_name};
use crate::{item::Item, location::Location};

/// The type code of unsigned bytes, the only one that pictures have.
const UNSIGNED_BYTES: u8 = 8;
/// Files are read whole: the largest of the kind has half of this.
const MAX_BYTES: u64 = 1 << 30;

/// Adds the images of a file in their order, named by their number, with the classes of the file of labels beside it.
pub(super) fn list(path: &Path, prefix: &str, inventory: &mut Inventory) -> Result<(), String> {
    let Idx { sizes: [count, height, width], content } = read(path)?;
    let labels = labels_beside(path, count)?;
    let (file, pixels): (Arc<Path>, _) = (path.into(), Arc::new(content));
    for index in 0..count {
        let (offset, size) = (index * height * width, [width as u32, height as u32]);
        let location = Location::Grey { file: file.clone(), pixels: pixels.clone(), offset, size };
        let label = labels.as_ref().map(|labels| i64::from(labels[index]));
        inventory.items.push(Item { label, ..Item::foreign(format!("{prefix}{index:08}.pgm"), location) });
    }
    Ok(())
}

/// The labels, where there are some; their number must be that of the images.
fn labels_beside(images: &Path, count: usize) -> Result<Option<Vec<u8>>, String> {
    let mut beside = idx::labels_beside(images).into_iter().flatten();
    let Some(path) = beside.find(|path| path.is_file()) else { return Ok(None) };
    let Idx { sizes: [found], content } = read(&path)?;
    match found == count {
        true => Ok(Some(content)),
        false => Err(format!("it has {count} images, and {} has {found} labels", path.display())),
    }
}

/// An IDX file of unsigned bytes in `D` dimensions.
struct Idx<const D: usize> {
    sizes: [usize; D],
    content: Vec<u8>,
}

fn read<const D: usize>(path: &Path) -> Result<Idx<D>, String> {
    let bytes = read_whole(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    parse(&bytes).ok_or_else(|| format!("{} is no IDX file of bytes in {D} dimensions, or is cut off", path.display()))
}

fn read_whole(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path)?;
    match file_name(path).ends_with(".gz") {
        true => GzDecoder::new(file).take(MAX_BYTES + 1).read_to_end(&mut bytes)?,
        false => file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?,
    };
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is longer than 1 GiB"));
    }
    Ok(bytes)
}

fn parse<const D: usize>(bytes: &[u8]) -> Option<Idx<D>> {
    let mut rest = bytes.strip_prefix(&[0, 0, UNSIGNED_BYTES, D as u8])?;
    let mut sizes = [0; D];
    for size in &mut sizes {
        let (number, after) = rest.split_first_chunk()?;
        (*size, rest) = (u32::from_be_bytes(*number) as usize, after);
    }
    let length = sizes.iter().try_fold(1_usize, |length, size| length.checked_mul(*size))?;
    (rest.len() == length && !sizes[1..].contains(&0)).then(|| Idx { sizes, content: rest.to_vec() })
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write as _};

    use flate2::{Compression, write::GzEncoder};
    use proptest::prelude::*;

    use super::*;

    fn file(sizes: &[u32], content: &[u8]) -> Vec<u8> {
        let sizes: Vec<u8> = sizes.iter().flat_map(|size| size.to_be_bytes()).collect();
        [&[0, 0, 8, (sizes.len() / 4) as u8], &sizes[..], content].concat()
    }

    type Listed = Vec<(Vec<u8>, Option<i64>)>;

    fn listed(files: &[(&str, Vec<u8>)]) -> Result<Listed, String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            fs::write(folder.path().join(name), content).unwrap();
        }
        let mut inventory = Inventory::default();
        list(&folder.path().join(files[0].0), "", &mut inventory)?;
        Ok(inventory.items.iter().map(|item| (item.location.read().unwrap(), item.label)).collect())
    }

    fn zipped(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn images_come_with_their_classes() {
        let images = file(&[2, 1, 2], &[1, 2, 3, 4]);
        let labels = file(&[2], &[7, 9]);
        let pictures = [b"P5\n2 1\n255\n\x01\x02".to_vec(), b"P5\n2 1\n255\n\x03\x04".to_vec()];
        let check = |files: &[(&str, Vec<u8>)], labels: [Option<i64>; 2]| {
            assert_eq!(listed(files).unwrap(), pictures.clone().into_iter().zip(labels).collect::<Vec<_>>());
        };
        check(&[("t-images-idx3-ubyte", images.clone())], [None, None]);
        check(&[("t-images-idx3-ubyte", images.clone()), ("t-labels-idx1-ubyte", labels.clone())], [Some(7), Some(9)]);
        let both = [("t-images.idx3-ubyte.gz", zipped(&images)), ("t-labels.idx1-ubyte.gz", zipped(&labels))];
        check(&both, [Some(7), Some(9)]);
        let short = [("t-images-idx3-ubyte", images), ("t-labels-idx1-ubyte", file(&[1], &[7]))];
        assert!(listed(&short).unwrap_err().contains("2 images"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(head in 0_usize..5, rest in prop::collection::vec(any::<u8>(), 0..60)) {
            let bytes = [&[0, 0, 8, 3][..head.min(4)], &rest].concat();
            if let Some(idx) = parse::<3>(&bytes) {
                prop_assert_eq!(idx.sizes.iter().product::<usize>(), idx.content.len());
            }
        }
    }
}
