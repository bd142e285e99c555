//! Random cascades and pictures, for comparing engines where no real ones are at hand.

use std::fmt::Write;

use pictures::Grey;

/// A xorshift generator: small, and the same everywhere.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// A cascade of random features whose stages each let about half of all windows pass. A depth above 1 makes trees.
pub(crate) fn text(random: &mut Random, depth: usize) -> String {
    let (width, height) = (20 + random.below(9), 20 + random.below(9));
    let features = 30;
    let mut stages = String::new();
    for stage in 0..2 + random.below(4) {
        let trees: String = (0..2 + stage).map(|_| tree(random, depth, features)).collect();
        let threshold = (random.below(100) as f64 - 60.0) / 100.0;
        write!(
            stages,
            "<_><maxWeakCount>9</maxWeakCount><stageThreshold>{threshold}</stageThreshold><weakClassifiers>{trees}</weakClassifiers></_>"
        )
        .unwrap();
    }
    let features: String = (0..features).map(|_| feature(random, width, height)).collect();
    format!(
        "<?xml version=\"1.0\"?>\n<opencv_storage><cascade><stageType>BOOST</stageType><featureType>LBP</featureType>\
         <height>{height}</height><width>{width}</width><stageParams></stageParams>\
         <featureParams><maxCatCount>256</maxCatCount></featureParams><stageNum>3</stageNum>\
         <stages>{stages}</stages><features>{features}</features></cascade></opencv_storage>\n"
    )
}

/// A smooth random picture with some noise, so that neighbouring windows look alike, as in real ones.
pub(crate) fn grey(random: &mut Random) -> Grey {
    let (width, height) = (30 + random.below(170) as u32, 30 + random.below(170) as u32);
    let (across, down) = (1 + random.below(40) as u32, 1 + random.below(40) as u32);
    let noise = 1 + random.below(120);
    let pixel = |i: u32| {
        let (x, y) = (i % width, i / width);
        ((x / across * 71 + y / down * 113) % 136) as u8 + random.below(noise) as u8
    };
    Grey::new(width, height, (0..width * height).map(pixel).collect()).unwrap()
}

/// A tree that is a chain: each node leads to the next on its left, and to a leaf on its right.
fn tree(random: &mut Random, depth: usize, features: u64) -> String {
    let (mut nodes, mut leaves) = (String::new(), String::new());
    for node in 0..depth {
        let left = if node + 1 < depth { node as i32 + 1 } else { -(depth as i32) };
        write!(
            nodes,
            "{} {} {} ",
            if depth == 1 { 0 } else { left },
            -(node as i32 + i32::from(depth == 1)),
            random.below(features)
        )
        .unwrap();
        for _ in 0..8 {
            write!(nodes, "{} ", random.below(1 << 32) as u32 as i32).unwrap();
        }
    }
    for _ in 0..=depth {
        write!(leaves, "{} ", (random.below(20001) as f64 - 10000.0) / 9973.0).unwrap();
    }
    format!("<_><internalNodes>{nodes}</internalNodes><leafValues>{leaves}</leafValues></_>")
}

fn feature(random: &mut Random, window_width: u64, window_height: u64) -> String {
    let (width, height) = (1 + random.below(window_width / 3), 1 + random.below(window_height / 3));
    let (x, y) = (random.below(window_width - 3 * width + 1), random.below(window_height - 3 * height + 1));
    format!("<_><rect>{x} {y} {width} {height}</rect></_>")
}
