//! What is shown of the faces: words as in `hat -glasses score<1.5 post:konachan:123 out`.

use std::str::FromStr;

use crate::faces::Face;

/// Words that all must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Filter(Vec<(bool, Word)>);

#[derive(Clone, Debug, PartialEq)]
enum Word {
    Tag(String),
    Post(String),
    Out,
    Double,
    Less(Measure, f64),
    More(Measure, f64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measure {
    Score,
    Sharpness,
    Side,
    Doubt,
}

/// What a filter asks about besides the face itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct State {
    pub(crate) is_out: bool,
    pub(crate) is_double: bool,
    pub(crate) doubt: f32,
}

impl FromStr for Filter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let word = |word: &str| match word.strip_prefix('-') {
            Some(rest) => Ok((false, rest.parse()?)),
            None => Ok((true, word.parse()?)),
        };
        Ok(Self(text.split_whitespace().map(word).collect::<Result<_, String>>()?))
    }
}

impl FromStr for Word {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        if let Some((name, number, is_less)) = comparison(word) {
            let measure = measure(name)?;
            let number = number.parse().map_err(|_| format!("{number:?} in {word:?} is no number"))?;
            return Ok(if is_less { Self::Less(measure, number) } else { Self::More(measure, number) });
        }
        Ok(match word {
            "out" => Self::Out,
            "double" => Self::Double,
            _ => match word.strip_prefix("post:") {
                Some(post) => Self::Post(post.into()),
                None => Self::Tag(word.into()),
            },
        })
    }
}

fn comparison(word: &str) -> Option<(&str, &str, bool)> {
    let less = word.split_once('<').map(|(name, number)| (name, number, true));
    less.or_else(|| word.split_once('>').map(|(name, number)| (name, number, false)))
}

fn measure(name: &str) -> Result<Measure, String> {
    match name {
        "score" => Ok(Measure::Score),
        "sharpness" => Ok(Measure::Sharpness),
        "size" | "side" => Ok(Measure::Side),
        "doubt" => Ok(Measure::Doubt),
        _ => Err(format!("{name:?} is no measure: there are score, sharpness, size and doubt")),
    }
}

impl Filter {
    /// Whether a face is shown.
    pub(crate) fn holds(&self, face: &Face, state: State) -> bool {
        self.0.iter().all(|(expected, word)| word.holds(face, state) == *expected)
    }
}

impl Word {
    fn holds(&self, face: &Face, state: State) -> bool {
        let value = |measure: Measure| match measure {
            Measure::Score => face.score,
            Measure::Sharpness => face.sharpness,
            Measure::Side => f64::from(face.side),
            Measure::Doubt => f64::from(state.doubt),
        };
        match self {
            Self::Tag(tag) => face.tags.iter().any(|own| own == tag),
            // With or without the site.
            Self::Post(post) => {
                let own = face.post.to_string();
                own == *post || own.rsplit(':').next() == Some(post)
            }
            Self::Out => state.is_out,
            Self::Double => state.is_double,
            Self::Less(measure, bound) => value(*measure) < *bound,
            Self::More(measure, bound) => value(*measure) > *bound,
        }
    }
}

#[cfg(test)]
mod tests {
    use contracts::{ContentHash, id::FaceId};

    use super::*;

    fn face() -> Face {
        let picture = ContentHash::of(b"a");
        Face {
            id: FaceId { picture, index: 0 },
            pixel_box: [0, 0, 90, 90].into(),
            pixels: None,
            post: "konachan:123".parse().unwrap(),
            file: "konachan-0/a-0.png".into(),
            score: 1.5,
            sharpness: 20.0,
            side: 90,
            tags: vec!["hat".into(), "blue_hair".into()],
        }
    }

    #[test]
    fn words_hold_or_do_not() {
        let check = |text: &str, expected: bool| {
            let state = State { is_out: false, is_double: true, doubt: 0.8 };
            assert_eq!(text.parse::<Filter>().unwrap().holds(&face(), state), expected, "{text}");
        };
        check("", true);
        check("hat", true);
        check("hat blue_hair", true);
        check("hat glasses", false);
        check("hat -glasses", true);
        check("-hat", false);
        check("post:123", true);
        check("post:konachan:123", true);
        check("post:12", false);
        check("score<2 score>1 size>80 sharpness<21", true);
        check("score<1.5", false);
        check("doubt>0.9", false);
        check("out", false);
        check("-out double", true);
    }

    #[test]
    fn what_is_not_understood_is_said() {
        let check = |text: &str, part: &str| {
            let error = text.parse::<Filter>().unwrap_err();
            assert!(error.contains(part), "{error}");
        };
        check("hue<3", "no measure");
        check("score<high", "no number");
    }
}
