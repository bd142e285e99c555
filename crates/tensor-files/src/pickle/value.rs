//! What a pickle is made of.

/// A value on the machine's stack.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Integer(i64),
    Text(String),
    /// A tuple or a list.
    Sequence(Vec<Value>),
    Dictionary(Vec<(Value, Value)>),
    /// The name of a class or a function.
    Global(String),
    /// A persistent id: what lies outside the pickle.
    Persistent(Vec<Value>),
    /// A call: the function and what it is called with.
    Call(String, Vec<Value>),
    /// Anything else: nothing is known of it.
    Other,
}

impl Value {
    /// How many values it is, with all within it; a text is as many as would take its room.
    pub(super) fn size(&self) -> usize {
        let texts = match self {
            Self::Text(text) | Self::Global(text) | Self::Call(text, _) => text.len() / size_of::<Self>(),
            _ => 0,
        };
        1 + texts + self.parts().map(Self::size).sum::<usize>()
    }

    /// How deep values lie within it: 0 for a number.
    pub(super) fn depth(&self) -> usize {
        self.parts().map(|part| part.depth() + 1).max().unwrap_or(0)
    }

    fn parts(&self) -> impl Iterator<Item = &Self> {
        let (values, items): (&[Self], &[(Self, Self)]) = match self {
            Self::Sequence(values) | Self::Persistent(values) | Self::Call(_, values) => (values, &[]),
            Self::Dictionary(items) => (&[], items),
            Self::Integer(_) | Self::Text(_) | Self::Global(_) | Self::Other => (&[], &[]),
        };
        values.iter().chain(items.iter().flat_map(|(key, value)| [key, value]))
    }
}
