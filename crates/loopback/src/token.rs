//! What an address must contain to be answered.

use std::{
    fmt,
    fs::File,
    hash::{BuildHasher as _, RandomState},
    io::{self, Read as _},
};

/// 128 random bits, written as 32 hexadecimal digits: nobody guesses them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Token([u8; 16]);

impl Token {
    /// A new one, of the system's random numbers.
    ///
    /// # Errors
    /// When the system gives none.
    pub fn random() -> io::Result<Self> {
        let mut bytes = [0; 16];
        match File::open("/dev/urandom") {
            Ok(mut random) => random.read_exact(&mut bytes)?,
            // Elsewhere the standard library's keys come from the system's random numbers: 128 bits a thread.
            Err(_) => {
                let state = RandomState::new();
                for (half, chunk) in bytes.chunks_exact_mut(8).enumerate() {
                    chunk.copy_from_slice(&state.hash_one(half).to_le_bytes());
                }
            }
        }
        Ok(Self(bytes))
    }

    /// Whether a text is this token, found in a time that does not depend on where they differ.
    pub fn is(&self, text: &str) -> bool {
        let own = self.to_string();
        let difference = own.bytes().zip(text.bytes()).fold(0, |difference, (a, b)| difference | (a ^ b));
        own.len() == text.len() && std::hint::black_box(difference) == 0
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Logs are read by others: the token is not among what they tell.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_all_of_it() {
        let (token, other) = (Token::random().unwrap(), Token::random().unwrap());
        let text = token.to_string();
        assert_eq!(text.len(), 32);
        assert!(token.is(&text) && !token.is(&other.to_string()));
        assert!(!token.is("") && !token.is(&text[1..]) && !token.is(&format!("{text}0")));
        assert!(!token.is(&text.replace(&text[..1], "x")) && !format!("{token:?}").contains(&text));
    }
}
