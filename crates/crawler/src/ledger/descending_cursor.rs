//! Rows with falling numbers, read side by side with others: one pass over two indexes in place of a look-up a row.

use rusqlite::{Row, Rows};

use super::unsigned;

/// Rows whose first column falls.
pub(super) struct DescendingCursor<'a, T> {
    rows: Rows<'a>,
    read: fn(&Row<'_>) -> rusqlite::Result<T>,
    next: Option<(u64, T)>,
}

impl<'a, T> DescendingCursor<'a, T> {
    /// A cursor before the first row; `read` reads what stands beside a number.
    pub(super) fn new(rows: Rows<'a>, read: fn(&Row<'_>) -> rusqlite::Result<T>) -> rusqlite::Result<Self> {
        let mut cursor = Self { rows, read, next: None };
        cursor.advance()?;
        Ok(cursor)
    }

    /// The row of that number, if there is one. Numbers must be asked for in falling order.
    pub(super) fn at(&mut self, number: u64) -> rusqlite::Result<Option<T>> {
        while self.next.as_ref().is_some_and(|(next, _)| *next > number) {
            self.advance()?;
        }
        if self.next.as_ref().is_none_or(|(next, _)| *next != number) {
            return Ok(None);
        }
        let found = self.next.take();
        self.advance()?;
        Ok(found.map(|(_, row)| row))
    }

    fn advance(&mut self) -> rusqlite::Result<()> {
        let row = self.rows.next()?;
        self.next = row.map(|row| Ok::<_, rusqlite::Error>((unsigned(row.get(0)?), (self.read)(row)?))).transpose()?;
        Ok(())
    }
}
