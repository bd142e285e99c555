//! What a living site does to its posts while somebody walks over its pages.

use serde::Deserialize;

use crate::{
    catalogue::Catalogue,
    error::BooruError,
    post::{PostId, Rating},
    random::Random,
};

/// So many posts are inserted, bumped, edited and deleted; which ones follows from the seed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shift {
    /// New posts, on top of the list.
    pub insert: u32,
    /// Posts that move to the front of the list.
    pub bump: u32,
    /// Posts that get another tag and another rating.
    pub edit: u32,
    /// Posts that are deleted: records without pictures.
    pub delete: u32,
    /// What the choice of posts follows from, together with how often the catalogue was changed before.
    pub seed: u64,
}

impl Shift {
    /// Changes the catalogue as it says, each time otherwise.
    ///
    /// # Errors
    /// When a new picture cannot be encoded.
    pub fn happen(&self, catalogue: &mut Catalogue) -> Result<(), BooruError> {
        let mut random = Random::keyed(self.seed, &[5, catalogue.changes()]);
        for _ in 0..self.insert {
            catalogue.insert_swatch(random.next())?;
        }
        let ids: Vec<PostId> = catalogue.posts().map(|post| post.id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        for _ in 0..self.bump {
            catalogue.bump(random.pick(&ids));
        }
        for _ in 0..self.edit {
            let rating = random.pick(&[Rating::Safe, Rating::Sensitive, Rating::Questionable, Rating::Explicit]);
            catalogue.edit(random.pick(&ids), |post| {
                post.rating = rating;
                post.tags.push(format!("edited_{}", post.change));
            });
        }
        for _ in 0..self.delete {
            catalogue.delete_post(random.pick(&ids));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shift_follows_from_its_seed_and_goes_on_from_where_the_site_is() {
        let shifted = |seed, times| {
            let mut site = Catalogue::swatches(1, 30).unwrap();
            for _ in 0..times {
                Shift { insert: 2, bump: 1, edit: 1, delete: 1, seed }.happen(&mut site).unwrap();
            }
            site.posts().map(|post| (post.id, post.index_order, post.change, post.status)).collect::<Vec<_>>()
        };
        assert_eq!(shifted(3, 2), shifted(3, 2));
        assert_ne!(shifted(3, 2), shifted(4, 2));
        assert_eq!(shifted(3, 2).len(), 34);
    }

    #[test]
    fn an_empty_site_has_nothing_to_bump() {
        let mut site = Catalogue::default();
        Shift { bump: 3, delete: 1, ..Shift::default() }.happen(&mut site).unwrap();
        assert!(site.is_empty());
    }
}
