//! A scan's blocks in their order, with restarts between them.

use super::{
    Block, Result,
    bits::Bits,
    entropy::{Coding, Tables},
    frame::Frame,
    huffman::Huffman,
    segments::{ScanComponent, ScanHeader, Segments},
};
use crate::error::PictureError;

pub(super) struct Scan<'a> {
    bits: Bits<'a>,
    coding: Coding,
    components: Vec<(ScanComponent, Tables<'a>)>,
    /// The DC coefficient before, of each component.
    predictors: [i32; 4],
    /// Blocks to come that hold nothing new.
    end_of_band: u32,
    restart_interval: usize,
    units_to_restart: usize,
    next_restart: u8,
}

impl<'a> Scan<'a> {
    pub(super) fn new(header: &ScanHeader, segments: &'a Segments<'_>, frame: &Frame) -> Result<Self> {
        let coding = Coding::of(header, frame.is_progressive).ok_or(PictureError::Damaged)?;
        if !frame.is_unit(header) {
            return Err(PictureError::Damaged);
        }
        let table = |tables: &'a [Option<Box<Huffman>>; 4], index: usize| tables.get(index)?.as_deref();
        let with_tables = |component: &ScanComponent| {
            let (dc, ac) = (table(&segments.dc, component.dc), table(&segments.ac, component.ac));
            Tables::new(coding, dc, ac).map(|tables| (*component, tables))
        };
        let components = header.components.iter().map(with_tables).collect::<Option<_>>();
        Ok(Self {
            bits: Bits::new(segments.file, segments.at),
            coding,
            components: components.ok_or(PictureError::Damaged)?,
            predictors: [0; 4],
            end_of_band: 0,
            restart_interval: segments.restart_interval,
            units_to_restart: segments.restart_interval,
            next_restart: 0xd0,
        })
    }

    /// Reads the blocks of a row of units, of which the coefficients from `first_row` on have room.
    pub(super) fn read_row(&mut self, frame: &Frame, coefficients: &mut [Vec<Block>], row: usize, first_row: usize) {
        match *self.components.as_slice() {
            [(in_scan, tables)] => {
                let component = &frame.components[in_scan.index];
                let (across, down) = component.sampling;
                let stride = across * frame.units;
                for y in 0..down.min(component.block_rows.saturating_sub(row * down)) {
                    let start = (first_row * down + y) * stride;
                    for block in &mut coefficients[in_scan.index][start..start + component.blocks] {
                        self.unit(|scan| scan.block(0, tables, block));
                    }
                }
            }
            _ => {
                for unit in 0..frame.units {
                    self.unit(|scan| scan.interleaved(frame, coefficients, first_row, unit));
                }
            }
        }
    }

    fn interleaved(&mut self, frame: &Frame, coefficients: &mut [Vec<Block>], first_row: usize, unit: usize) {
        for at in 0..self.components.len() {
            let (in_scan, tables) = self.components[at];
            let (across, down) = frame.components[in_scan.index].sampling;
            for y in 0..down {
                let start = ((first_row * down + y) * frame.units + unit) * across;
                for block in &mut coefficients[in_scan.index][start..start + across] {
                    self.block(at, tables, block);
                }
            }
        }
    }

    #[inline(always)]
    fn unit(&mut self, read: impl FnOnce(&mut Self)) {
        if self.restart_interval > 0 {
            if self.units_to_restart == 0 {
                self.restart();
            }
            self.units_to_restart -= 1;
        }
        if !self.bits.is_exhausted() {
            read(self);
        }
    }

    #[inline(always)]
    fn block(&mut self, at: usize, tables: Tables<'_>, block: &mut Block) {
        self.coding.read(&mut self.bits, tables, &mut self.predictors[at], &mut self.end_of_band, block);
    }

    fn restart(&mut self) {
        self.bits.restart(self.next_restart);
        self.next_restart = 0xd0 | (self.next_restart + 1) & 7;
        (self.predictors, self.end_of_band) = ([0; 4], 0);
        self.units_to_restart = self.restart_interval;
    }

    /// Where in the file its data ended.
    pub(super) fn end(self) -> usize {
        self.bits.end()
    }
}
