//! Classes made of tags.

use std::collections::{BTreeMap, BTreeSet};

use contracts::{
    Report,
    config::{LabelConflict, PackConfig},
};

use crate::item::Item;

/// What each class is made of: its number is its index.
struct Classes<'a> {
    /// The tags of each class, of which one is enough.
    tags: Vec<Vec<&'a str>>,
    conflict: LabelConflict,
}

/// How many items got each class.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct LabelCounts {
    /// By the class as it is written in the configuration.
    classes: BTreeMap<String, u64>,
    /// Items of no class.
    none: u64,
    /// Those of them that have the tags of several.
    several: u64,
}

impl<'a> Classes<'a> {
    fn of(pack: &'a PackConfig) -> Option<Self> {
        let tags = |class: &'a String| class.split('|').map(str::trim).collect();
        let classes = Self { tags: pack.labels.iter().map(tags).collect(), conflict: pack.label_conflict };
        (!pack.labels.is_empty()).then_some(classes)
    }

    /// The classes whose tags are among these, in order.
    fn matching(&self, tags: &[String]) -> Vec<usize> {
        let given: BTreeSet<&str> = tags.iter().map(String::as_str).collect();
        let matches = |class: &&usize| self.tags[**class].iter().any(|tag| given.contains(tag));
        (0..self.tags.len()).collect::<Vec<_>>().iter().filter(matches).copied().collect()
    }

    /// The class of something with these tags.
    fn class(&self, tags: &[String]) -> Option<usize> {
        match (self.matching(tags).as_slice(), self.conflict) {
            ([class], _) | ([class, ..], LabelConflict::First) => Some(*class),
            _ => None,
        }
    }
}

/// Gives items their classes by their tags, in place of their sources', and counts them.
pub(crate) struct Labels<'a> {
    classes: Classes<'a>,
    names: &'a [String],
    counts: LabelCounts,
}

impl<'a> Labels<'a> {
    /// The classes that the configuration names; `None` where it names none, and items keep the classes of their sources.
    pub(crate) fn of(pack: &'a PackConfig) -> Option<Self> {
        let classes = Classes::of(pack)?;
        let counts = pack.labels.iter().map(|class| (class.clone(), 0)).collect();
        Some(Self { classes, names: &pack.labels, counts: LabelCounts { classes: counts, ..LabelCounts::default() } })
    }

    /// Gives an item its class.
    pub(crate) fn assign(&mut self, item: &mut Item) {
        let tags = item.origin.as_ref().map_or(&[][..], |origin| &origin.tags);
        let class = self.classes.class(tags);
        let counts = &mut self.counts;
        match class.and_then(|class| counts.classes.get_mut(&self.names[class])) {
            Some(count) => *count += 1,
            None => {
                counts.none += 1;
                counts.several += u64::from(!self.classes.matching(tags).is_empty());
            }
        }
        item.label = class.map(|class| class as i64);
    }

    /// How many items got each class.
    pub(crate) fn counts(self) -> LabelCounts {
        self.counts
    }
}

impl LabelCounts {
    /// Tells the report, with a warning of classes that nothing has.
    pub(crate) fn tell(&self, report: &mut Report) {
        for (class, count) in &self.classes {
            report.figures.insert(format!("label {class}"), *count as f64);
            if *count == 0 {
                report
                    .warnings
                    .push(format!("no item has the class {class:?} of pack.labels: are its tags written so?"));
            }
        }
        report.figures.insert("label none".into(), self.none as f64);
        report.figures.insert("label none, of several classes".into(), self.several as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{item::Origin, location::Location};

    fn pack(labels: &[&str], label_conflict: LabelConflict) -> PackConfig {
        PackConfig { labels: labels.iter().map(ToString::to_string).collect(), label_conflict, ..PackConfig::default() }
    }

    fn item(tags: &str) -> Item {
        let origin = Origin { tags: tags.split_whitespace().map(str::to_owned).collect(), ..Origin::default() };
        Item { origin: Some(Box::new(origin)), ..Item::foreign("a.png".into(), Location::File("a.png".into())) }
    }

    fn labels(pack: &PackConfig) -> (Vec<Option<i64>>, LabelCounts) {
        let mut items =
            ["blue_hair smile", "red_hair", "aqua_hair blue_hair", "red_hair blue_hair", "smile", ""].map(item);
        let mut labels = Labels::of(pack).unwrap();
        items.iter_mut().for_each(|item| labels.assign(item));
        let counts = labels.counts();
        (items.iter().map(|item| item.label).collect(), counts)
    }

    #[test]
    fn a_class_is_any_of_its_tags() {
        let colours = ["blue_hair|aqua_hair", "red_hair"];
        let (found, counts) = labels(&pack(&colours, LabelConflict::None));
        assert_eq!(found, [Some(0), Some(1), Some(0), None, None, None]);
        let classes = [("blue_hair|aqua_hair".to_owned(), 2), ("red_hair".to_owned(), 1)];
        assert_eq!(counts, LabelCounts { classes: classes.into(), none: 3, several: 1 });
        let (found, counts) = labels(&pack(&colours, LabelConflict::First));
        assert_eq!(found, [Some(0), Some(1), Some(0), Some(0), None, None]);
        assert_eq!((counts.none, counts.several), (2, 0));
    }

    #[test]
    fn without_classes_items_keep_their_own() {
        assert!(Labels::of(&PackConfig::default()).is_none());
        let mut item = Item { label: Some(3), ..item("blue_hair") };
        Labels::of(&pack(&["red_hair"], LabelConflict::None)).unwrap().assign(&mut item);
        assert_eq!(item.label, None);
    }

    #[test]
    fn what_nothing_has_is_told() {
        let mut report = Report::new(contracts::StageId::Pack);
        labels(&pack(&["blue_hair", "bleu_hair"], LabelConflict::None)).1.tell(&mut report);
        assert_eq!(report.figures["label blue_hair"], 3.0);
        assert_eq!(report.figures["label none"], 3.0);
        assert!(report.warnings[0].contains("bleu_hair"), "{:?}", report.warnings);
        assert_eq!(report.warnings.len(), 1);
    }
}
