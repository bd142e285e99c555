//! As much of Python's pickle as dictionaries of tensors are written in.
//!
//! A pickle is a program for a machine with a stack, which may call any function of Python's. This machine calls none: it
//! knows what PyTorch's tensors are rebuilt with, and takes every other call as an object of which nothing is known.

mod error;
mod reader;
mod value;

use std::collections::BTreeMap;

pub use error::PickleError;
use reader::Reader;
pub(crate) use value::Value;

/// How deep values may lie within one another: tensors lie four deep, and dropping a million levels overflows a stack.
const MAX_DEPTH: usize = 16;

/// Values that copies may hold in all: a short pickle can ask for copies of copies beyond any memory.
const MAX_COPIED: usize = 1 << 20;

/// Runs the pickle at the beginning of `content`; gives its value and its length.
pub(crate) fn run(content: &[u8]) -> Result<(Value, usize), PickleError> {
    let reader = Reader::new(content);
    Machine { reader, stack: Vec::new(), marks: Vec::new(), memo: BTreeMap::new(), copied: 0 }.run()
}

struct Machine<'a> {
    reader: Reader<'a>,
    stack: Vec<Value>,
    marks: Vec<usize>,
    memo: BTreeMap<u64, Value>,
    /// Values that copies hold so far.
    copied: usize,
}

impl Machine<'_> {
    fn run(mut self) -> Result<(Value, usize), PickleError> {
        loop {
            let offset = self.reader.position();
            match self.reader.byte()? {
                b'.' => return Ok((self.pop()?, self.reader.position())),
                opcode => self.execute(opcode, offset)?,
            }
        }
    }

    fn execute(&mut self, opcode: u8, offset: usize) -> Result<(), PickleError> {
        match opcode {
            // Protocol and frames say nothing that is needed.
            0x80 => self.reader.skip(1)?,
            0x95 => self.reader.skip(8)?,
            b'(' => self.marks.push(self.stack.len()),
            b'}' => self.stack.push(Value::Dictionary(Vec::new())),
            b')' | b']' => self.stack.push(Value::Sequence(Vec::new())),
            b'N' | 0x88 | 0x89 => self.stack.push(Value::Other),
            b'G' => self.unknown(8)?,
            b'K' => self.integer(1)?,
            b'M' => self.integer(2)?,
            b'J' => self.integer(4)?,
            0x8a => self.reader.byte().and_then(|length| self.integer(usize::from(length)))?,
            b'X' | b'T' => self.text(4)?,
            0x8c | b'U' => self.text(1)?,
            b'q' => self.memoize(1)?,
            b'r' => self.memoize(4)?,
            0x94 => self.memoize_next()?,
            b'h' => self.recall(1)?,
            b'j' => self.recall(4)?,
            b'c' => self.global()?,
            0x93 => self.global_of_stack()?,
            b't' => self.tuple_of_mark()?,
            0x85..=0x87 => self.tuple(usize::from(opcode - 0x84))?,
            b'Q' => self.persistent()?,
            b'R' => self.call()?,
            // The state that an object is built with, as the versions of a dictionary's modules.
            b'b' => drop(self.pop()?),
            b's' => self.set_item()?,
            b'u' => self.set_items()?,
            b'a' => self.append()?,
            b'e' => self.append_all()?,
            opcode => return Err(PickleError::UnknownInstruction { opcode, offset }),
        }
        Ok(())
    }

    /// A value that is read over.
    fn unknown(&mut self, bytes: usize) -> Result<(), PickleError> {
        self.reader.skip(bytes)?;
        self.stack.push(Value::Other);
        Ok(())
    }

    fn unfit(&self) -> PickleError {
        PickleError::Unfit(self.reader.position())
    }

    fn pop(&mut self) -> Result<Value, PickleError> {
        self.stack.pop().ok_or(self.unfit())
    }

    /// A number of so many bytes; those of 4 and more have a sign, and longer ones than 8 are nothing known.
    fn integer(&mut self, bytes: usize) -> Result<(), PickleError> {
        if bytes > 8 {
            return self.unknown(bytes);
        }
        let number = self.reader.number(bytes)?;
        let is_signed = bytes >= 4;
        let shift = 64 - 8 * bytes as u32;
        let value = if is_signed { ((number << shift) as i64) >> shift } else { number as i64 };
        self.stack.push(Value::Integer(value));
        Ok(())
    }

    fn text(&mut self, bytes_of_length: usize) -> Result<(), PickleError> {
        let length = self.reader.number(bytes_of_length)? as usize;
        let text = self.reader.text(length)?;
        self.stack.push(Value::Text(text));
        Ok(())
    }

    fn memoize(&mut self, bytes: usize) -> Result<(), PickleError> {
        let key = self.reader.number(bytes)?;
        self.memoize_as(key)
    }

    fn memoize_next(&mut self) -> Result<(), PickleError> {
        self.memoize_as(self.memo.len() as u64)
    }

    fn memoize_as(&mut self, key: u64) -> Result<(), PickleError> {
        let value = self.stack.last().cloned().ok_or(self.unfit())?;
        self.count(&value)?;
        self.memo.insert(key, value);
        Ok(())
    }

    fn recall(&mut self, bytes: usize) -> Result<(), PickleError> {
        let key = self.reader.number(bytes)?;
        let value = self.memo.get(&key).cloned().ok_or(self.unfit())?;
        self.count(&value)?;
        self.stack.push(value);
        Ok(())
    }

    fn count(&mut self, copy: &Value) -> Result<(), PickleError> {
        self.copied += copy.size();
        if self.copied > MAX_COPIED { Err(PickleError::Excessive) } else { Ok(()) }
    }

    /// A module's and a name's line.
    fn global(&mut self) -> Result<(), PickleError> {
        let [module, name] = [self.reader.line()?, self.reader.line()?];
        self.stack.push(Value::Global(format!("{module}.{name}")));
        Ok(())
    }

    fn global_of_stack(&mut self) -> Result<(), PickleError> {
        let (Value::Text(name), Value::Text(module)) = (self.pop()?, self.pop()?) else { return Err(self.unfit()) };
        self.stack.push(Value::Global(format!("{module}.{name}")));
        Ok(())
    }

    fn since_mark(&mut self) -> Result<Vec<Value>, PickleError> {
        let mark = self.marks.pop().filter(|mark| *mark <= self.stack.len()).ok_or(self.unfit())?;
        self.nested(mark)
    }

    /// Takes what lies on the stack from `start` on, to be put into another value.
    fn nested(&mut self, start: usize) -> Result<Vec<Value>, PickleError> {
        let values = self.stack.split_off(start);
        if values.iter().any(|value| value.depth() >= MAX_DEPTH) { Err(PickleError::Excessive) } else { Ok(values) }
    }

    fn nested_last(&mut self, count: usize) -> Result<Vec<Value>, PickleError> {
        let start = self.stack.len().checked_sub(count).ok_or(self.unfit())?;
        self.nested(start)
    }

    fn tuple_of_mark(&mut self) -> Result<(), PickleError> {
        let values = self.since_mark()?;
        self.stack.push(Value::Sequence(values));
        Ok(())
    }

    fn tuple(&mut self, count: usize) -> Result<(), PickleError> {
        let values = self.nested_last(count)?;
        self.stack.push(Value::Sequence(values));
        Ok(())
    }

    fn persistent(&mut self) -> Result<(), PickleError> {
        let id = self.nested_last(1)?;
        self.stack.push(Value::Persistent(id));
        Ok(())
    }

    fn call(&mut self) -> Result<(), PickleError> {
        let (Value::Sequence(arguments), function) = (self.pop()?, self.pop()?) else { return Err(self.unfit()) };
        self.stack.push(match function {
            Value::Global(name) if name == "collections.OrderedDict" => Value::Dictionary(Vec::new()),
            Value::Global(name) => Value::Call(name, arguments),
            _ => Value::Other,
        });
        Ok(())
    }

    fn set_item(&mut self) -> Result<(), PickleError> {
        let item = self.nested_last(2)?;
        self.extend_dictionary(item)
    }

    fn set_items(&mut self) -> Result<(), PickleError> {
        let items = self.since_mark()?;
        self.extend_dictionary(items)
    }

    fn extend_dictionary(&mut self, items: Vec<Value>) -> Result<(), PickleError> {
        let unfit = self.unfit();
        let Some(Value::Dictionary(dictionary)) = self.stack.last_mut() else { return Err(unfit) };
        let mut items = items.into_iter();
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            dictionary.push((key, value));
        }
        Ok(())
    }

    fn append(&mut self) -> Result<(), PickleError> {
        let value = self.nested_last(1)?;
        self.extend_sequence(value)
    }

    fn append_all(&mut self) -> Result<(), PickleError> {
        let values = self.since_mark()?;
        self.extend_sequence(values)
    }

    fn extend_sequence(&mut self, values: Vec<Value>) -> Result<(), PickleError> {
        let unfit = self.unfit();
        let Some(Value::Sequence(sequence)) = self.stack.last_mut() else { return Err(unfit) };
        sequence.extend(values);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_by_hand() {
        let check = |content: &[u8], expected: Value| assert_eq!(run(content), Ok((expected, content.len())));
        check(b"\x80\x02K\x07.", Value::Integer(7));
        check(b"J\xff\xff\xff\xff.", Value::Integer(-1));
        check(b"X\x02\x00\x00\x00abK\x01\x86.", Value::Sequence(vec![Value::Text("ab".into()), Value::Integer(1)]));
        check(b"}(K\x01K\x02u.", Value::Dictionary(vec![(Value::Integer(1), Value::Integer(2))]));
        check(
            b"cos\nsystem\nX\x02\x00\x00\x00ls\x85R.",
            Value::Call("os.system".into(), vec![Value::Text("ls".into())]),
        );
    }

    #[test]
    fn nonsense_is_refused() {
        let check = |content: &[u8], expected: PickleError| assert_eq!(run(content), Err(expected));
        check(b"", PickleError::Torn);
        check(b"X\xff\xff\xff\xffab", PickleError::Torn);
        check(b".", PickleError::Unfit(1));
        check(b"t.", PickleError::Unfit(1));
        check(b"K\x01K\x02s.", PickleError::Unfit(5));
        check(b"\x00", PickleError::UnknownInstruction { opcode: 0, offset: 0 });
    }

    #[test]
    fn bombs_are_refused() {
        let deep = [b"K\x01".to_vec(), [0x85].repeat(1_000_000)].concat();
        assert_eq!(run(&deep), Err(PickleError::Excessive));
        // Each tuple holds the one before twice, as remembered under its number.
        let doubled = |n: u8| [b'q', n, b'h', n, 0x86];
        let wide = [b"((".to_vec(), b"K\x01".repeat(100_000), b"tq\x00".to_vec(), b"h\x00".repeat(1000)].concat();
        let many = [b"K\x01".to_vec(), (0..40).flat_map(doubled).collect()].concat();
        let text =
            [b"X\x00\x00\x10\x00".to_vec(), vec![b'a'; 1 << 20], b"q\x00".to_vec(), b"h\x00".repeat(1000)].concat();
        for bomb in [wide, many, text] {
            assert_eq!(run(&bomb), Err(PickleError::Excessive));
        }
    }
}
