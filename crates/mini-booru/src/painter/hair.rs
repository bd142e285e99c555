//! Hair in front of the face: the crown, the fringe and the locks that frame the cheeks.

use super::{
    canvas::{Canvas, Ink, Shape},
    character::{Character, Fringe, Hair},
    colour::Colour,
};
use crate::random::Random;

/// One pointed lock of the fringe: where it leaves the fringe, how low its tip hangs, how far the tip leans.
struct Lock {
    from: f32,
    to: f32,
    tip: f32,
    lean: f32,
}

/// Crown, fringe and side locks.
pub(super) fn draw(canvas: &mut Canvas, character: &Character, random: &mut Random) {
    let hair = &character.hair;
    let line = hair.colour.darker(0.62);
    side_locks(canvas, character, line);
    let locks = locks(hair.fringe, random);
    let fringe = fringe_outline(hair, &locks);
    let ink = Ink::falling((-1.4, hair.colour.lighter(0.08)), (0.3, hair.colour.mixed(hair.tips, 0.35)));
    canvas.inked(&fringe, ink, line, character.line);
    canvas.clipped(&fringe, |canvas| sheen(canvas, hair, random));
    strands(canvas, character, &locks, line);
    if hair.cowlick {
        cowlick(canvas, hair, line, character.line);
    }
}

fn locks(fringe: Fringe, random: &mut Random) -> Vec<Lock> {
    let row = |count: u32, random: &mut Random, tip: &dyn Fn(f32, &mut Random) -> (f32, f32)| -> Vec<Lock> {
        let step = 1.84 / count as f32;
        (0..count)
            .map(|index| {
                let from = -0.92 + step * index as f32;
                let (tip, lean) = tip(from + step / 2.0, random);
                Lock { from, to: from + step, tip, lean }
            })
            .collect()
    };
    match fringe {
        Fringe::Blunt => row(random.whole(7, 9), random, &|_, random| (random.between(-0.24, -0.16), 0.0)),
        Fringe::Spiky => {
            let count = random.whole(4, 6);
            row(count, random, &|_, random| (random.between(-0.22, 0.12), random.between(-0.12, 0.12)))
        }
        Fringe::Parted => {
            let part = random.between(0.15, 0.4) * random.sign();
            row(5, random, &move |x, random| {
                let away = (x - part).abs();
                (-0.6 + away * 0.62 + random.between(0.0, 0.08), (x - part).signum() * 0.2)
            })
        }
        Fringe::Swept => {
            let side = random.sign();
            row(random.whole(4, 5), random, &move |x, random| {
                (-0.25 + x * side * 0.25 + random.between(-0.05, 0.05), side * 0.26)
            })
        }
        Fringe::Centre => row(6, random, &|x, random| {
            let between_the_eyes = if x.abs() < 0.2 { 0.2 } else { 0.0 };
            (-0.32 + between_the_eyes + x.abs() * 0.32 + random.between(-0.03, 0.03), x * 0.12)
        }),
    }
}

/// From the left temple over the crown to the right one, then back along the locks.
fn fringe_outline(hair: &Hair, locks: &[Lock]) -> Shape {
    let top = -1.28 - hair.volume;
    Shape::drawn(|path| {
        path.move_to(-1.0, 0.15);
        path.cubic_to(-1.22, -0.5, -1.1, top + 0.1, 0.0, top);
        path.cubic_to(1.1, top + 0.1, 1.22, -0.5, 1.0, 0.15);
        path.quad_to(0.99, -0.1, 0.92, -0.3);
        for lock in locks.iter().rev() {
            let tip = ((lock.from + lock.to) / 2.0 + lock.lean, lock.tip);
            let width = lock.to - lock.from;
            path.quad_to(lock.to - width * 0.08, (tip.1 - 0.45).mul_add(0.5, tip.1 * 0.5), tip.0, tip.1);
            path.quad_to(
                lock.from + width * 0.2,
                (tip.1 - 0.45).mul_add(0.5, tip.1 * 0.5),
                lock.from,
                (tip.1 - 0.42).max(-0.85),
            );
        }
        path.quad_to(-0.99, -0.1, -1.0, 0.15);
        path.close();
    })
}

/// The ring of light on the crown.
fn sheen(canvas: &mut Canvas, hair: &Hair, random: &mut Random) {
    let light = Colour::WHITE.mixed(hair.colour, 0.35).faded(0.6);
    let level = random.between(-0.98, -0.86);
    let mut upper = Vec::new();
    let mut lower = Vec::new();
    for step in 0..=12 {
        let x = -0.85 + 1.7 * step as f32 / 12.0;
        let arch = level + 0.34 * x * x;
        let ragged = if step % 2 == 0 { 0.10 } else { 0.03 };
        upper.push((x, arch - ragged * 0.6));
        lower.push((x, arch + ragged));
    }
    upper.extend(lower.into_iter().rev());
    canvas.fill(&Shape::polygon(&upper), light);
}

fn strands(canvas: &mut Canvas, character: &Character, locks: &[Lock], line: Colour) {
    for lock in locks {
        let tip = ((lock.from + lock.to) / 2.0 + lock.lean, lock.tip);
        let root = (lock.from * 0.55, -1.02);
        let valley = (lock.from, (tip.1 - 0.42).max(-0.85));
        let middle = ((root.0 + valley.0) / 2.0 * 1.1, (root.1 + valley.1) / 2.0);
        canvas.line(&Shape::curve(&[root, middle, valley]), line.faded(0.5), character.line * 0.7);
    }
}

fn side_locks(canvas: &mut Canvas, character: &Character, line: Colour) {
    let hair = &character.hair;
    let end = hair.sides;
    for side in [-1.0, 1.0] {
        let lock = Shape::drawn(|path| {
            path.move_to(side * 0.55, -0.95);
            path.cubic_to(side * 1.3, -0.8, side * 1.32, 0.2, side * 1.2, end * 0.6);
            path.quad_to(side * 1.15, end * 0.9, side * 0.98, end);
            path.quad_to(side * 0.94, end * 0.75, side * 0.96, end * 0.45);
            path.cubic_to(side * 0.92, 0.2, side * 0.94, -0.2, side * 0.78, -0.4);
            path.close();
        });
        let ink = Ink::falling((-0.8, hair.colour), (end, hair.colour.mixed(hair.tips, 0.7)));
        canvas.inked(&lock, ink, line, character.line);
        let strand = [(side * 1.02, -0.35), (side * 1.1, 0.2), (side * 1.04, end * 0.75)];
        canvas.line(&Shape::curve(&strand), line.faded(0.5), character.line * 0.7);
    }
}

fn cowlick(canvas: &mut Canvas, hair: &Hair, line: Colour, width: f32) {
    let top = -1.24 - hair.volume;
    let lock = Shape::drawn(|path| {
        path.move_to(-0.06, top);
        path.cubic_to(-0.05, top - 0.4, 0.25, top - 0.5, 0.45, top - 0.22);
        path.cubic_to(0.25, top - 0.34, 0.1, top - 0.2, 0.08, top + 0.03);
        path.close();
    });
    canvas.inked(&lock, hair.colour, line, width);
}
