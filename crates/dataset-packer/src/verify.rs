//! Whether the dataset is what would be packed now: a shard's items are prepared again, and compared with its rows.

use std::collections::{BTreeSet, HashMap};

use contracts::{
    Context, Layout, StageId,
    hash::ContentHash,
    id::PictureHash,
    verification::{Draw, Fault, Verification},
};
use dataset::{Dataset, ImageShape, SplitName};

use crate::{
    error::PackError,
    prepare,
    prepared::Preparation,
    shards::Shard,
    source,
    store::{PixelFile, StoredShard},
};

/// The pixels of each row that a shard's items would make, by the row's path and picture.
type Contents = HashMap<(String, PictureHash), ContentHash>;

/// What was compared: every file of the dataset with its hash, and the rows of the drawn shards with their sources.
///
/// # Errors
/// When something is damaged, or there is no dataset.
pub(crate) fn verify(context: &Context<'_>, draw: Draw) -> Result<String, PackError> {
    let dataset = Dataset::open(&context.layout.dataset())?;
    let mut verification = Verification::default();
    verification.compared(format!("the files of {}", context.layout.dataset().display()));
    for path in dataset.damaged_files() {
        verification.damaged_in(&context.layout.dataset(), &path, Fault::Altered, StageId::Pack);
    }
    let mut items = source::list(context)?.items;
    let drawn: BTreeSet<usize> = draw.indices(items.shard_names().len()).into_iter().collect();
    let mut contents = Contents::new();
    for shard in items.shards(|number| drawn.contains(&number)) {
        verify_shard(&shard?, context, &mut contents, &mut verification)?;
    }
    // Bytes that are known to be damaged need not be looked at.
    if verification.damaged.is_empty() {
        verify_rows(&dataset, &contents, context, &mut verification)?;
    }
    Ok(verification.conclude()?)
}

/// Prepares a shard again: the same preparations, the same pixels.
fn verify_shard(
    shard: &Shard,
    context: &Context<'_>,
    contents: &mut Contents,
    verification: &mut Verification,
) -> Result<(), PackError> {
    let name = &shard.name;
    let key = shard.file_key(context.config);
    let stored = StoredShard::read(context.layout, name).filter(|stored| stored.key == key);
    let Some(known) = stored.map(|stored| stored.preparations) else {
        verification.compared(format!("{name}: its files have changed since, or were not prepared; not compared"));
        return Ok(());
    };
    context.progress.begin("preparing again", shard.items.len() as u64);
    let mut again: Vec<Preparation> = Vec::with_capacity(known.len());
    prepare::images(shard, context, |image| {
        again.push(image.map(|(_, prepared)| prepared));
        Ok(())
    })?;
    verification.compared(format!("{name}: {} images", again.len()));
    let folder = context.layout.prepared_shard(name);
    if again != known {
        verification.damaged_in(&folder, &Layout::shard_record(&folder), Fault::Different, StageId::Pack);
    }
    if !pixels_hold(&known, name, context)? {
        verification.damaged_in(&folder, &Layout::prepared_pixels(&folder), Fault::Altered, StageId::Pack);
    }
    for (item, preparation) in shard.items.iter().zip(again) {
        if let Ok(prepared) = preparation {
            contents.insert((item.name.clone(), prepared.picture), prepared.content);
        }
    }
    Ok(())
}

/// Whether a prepared shard's pixels are those that its record vouches for.
fn pixels_hold(known: &[Preparation], shard: &str, context: &Context<'_>) -> Result<bool, PackError> {
    let values = ImageShape::new(context.config.pack.resolution).values();
    let mut pixels = PixelFile::open(context.layout, shard, values)?;
    let mut images = known.iter().flatten().enumerate();
    Ok(images.all(|(index, prepared)| pixels.read(index).is_ok_and(|read| ContentHash::of(&read) == prepared.content)))
}

/// Compares the dataset's rows with what their items make now.
fn verify_rows(
    dataset: &Dataset,
    contents: &Contents,
    context: &Context<'_>,
    verification: &mut Verification,
) -> Result<(), PackError> {
    for split in SplitName::ALL.map(|name| dataset.split(name)) {
        for (index, row) in split.rows().enumerate() {
            let row = row?;
            let expected = contents.get(&(row.path, row.picture));
            let differs =
                |content: &ContentHash| Ok::<_, PackError>(ContentHash::of(&split.pixels(index)?) != *content);
            if expected.map(differs).transpose()?.unwrap_or(false) {
                let folder = context.layout.dataset();
                let row = folder.join(format!("{}/{index}", split.name()));
                verification.damaged_in(&folder, &row, Fault::Different, StageId::Pack);
            }
        }
    }
    Ok(())
}
