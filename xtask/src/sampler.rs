//! `cargo xtask sample`, `walk` and what else is done with trained weights: handed on to the program that does it.

use std::{fs::File, io::Read as _, path::Path};

use clap::{ArgMatches, Args as _, Command, Error, FromArgMatches, Subcommand, error::ErrorKind};
use contracts::Outcome;

use crate::{
    arguments::{ConfigOptions, HandedOn},
    program,
    workspace::Workspace,
};

/// The program of all commands but one, and its crate.
const PROGRAM: &str = "sampler";

/// The program of `curate`, and its crate: it has no other command.
const CURATOR: &str = "curator";

/// The commands that it has, as the runner lists them.
const COMMANDS: [(&str, &str); 10] = [
    ("sample", "Draw samples of trained weights: a sheet, a zip or a folder"),
    ("walk", "Walk between samples: an animated PNG, a GIF, a strip or frames"),
    ("arithmetic", "Add and subtract what samples show, as in \"3,17,44 - 5,9,21 + 12,30,31\""),
    ("mix", "Mix the halves of samples' latents in a table"),
    ("project", "Search the latent whose image is nearest to a picture"),
    ("import", "Take over the weights of PyTorch's DCGAN example"),
    ("publish", "Write a run's model card, and say how the run is uploaded to the Hugging Face Hub"),
    ("demo", "Write a page that draws samples in a browser, or show it on this machine"),
    ("curate", "Look through the faces in a browser, the doubtful first, and throw out by key"),
    ("neighbours", "Show the training faces nearest to samples, with their posts"),
];

/// One of the program's commands, with the arguments that are handed on.
#[derive(Clone, Debug)]
pub(crate) struct SamplerCommand {
    pub(crate) name: &'static str,
    pub(crate) config: ConfigOptions,
    pub(crate) arguments: Vec<String>,
}

impl Subcommand for SamplerCommand {
    fn augment_subcommands(command: Command) -> Command {
        let subcommand = |(name, about): (&'static str, &'static str)| {
            // `--help` is the program's to answer, which knows the options.
            HandedOn::augment_args(Command::new(name)).about(about).long_about(None).disable_help_flag(true)
        };
        command.subcommands(COMMANDS.map(subcommand))
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        COMMANDS.iter().any(|(known, _)| *known == name)
    }
}

impl FromArgMatches for SamplerCommand {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let (name, matches) = matches.subcommand().ok_or_else(|| Error::new(ErrorKind::MissingSubcommand))?;
        let known = COMMANDS.iter().find(|(known, _)| *known == name);
        let (name, _) = *known.ok_or_else(|| Error::new(ErrorKind::InvalidSubcommand))?;
        let HandedOn { config, arguments } = HandedOn::from_arg_matches(matches)?;
        Ok(Self { name, config, arguments })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Runs one of the program's commands.
pub(crate) fn run(
    workspace: &Workspace,
    config: &ConfigOptions,
    name: &str,
    arguments: &[String],
) -> anyhow::Result<Outcome> {
    match name {
        "curate" => program::run(workspace, config, CURATOR, arguments),
        _ => program::run(workspace, config, PROGRAM, &[&[name.to_owned()], arguments].concat()),
    }
}

/// Whether an ID is the path of a PNG file that says which sample it is.
pub(crate) fn made(id: &str) -> bool {
    /// The text stands between a file's header and its pixels.
    const MARK: &[u8] = b"tEXtnijigen\0";
    let mut beginning = Vec::new();
    let read = File::open(Path::new(id)).and_then(|file| file.take(1 << 12).read_to_end(&mut beginning));
    read.is_ok() && beginning.windows(MARK.len()).any(|window| window == MARK)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::arguments::{self, Arguments};

    #[test]
    fn arguments_are_handed_on_as_they_are() {
        let check = |line: &str, expected: (&str, &[&str], &[&str])| {
            let parsed = Arguments::try_parse_from(line.split(' ')).unwrap().command;
            let arguments::Command::Sampler(command) = parsed else { panic!("{line} is another command") };
            assert_eq!(command.name, expected.0);
            assert_eq!(command.config.set, expected.1);
            assert_eq!(command.arguments, expected.2);
        };
        check("xtask sample", ("sample", &[], &[]));
        check("xtask sample --help", ("sample", &[], &["--help"]));
        check("xtask walk latest --stops 1,2", ("walk", &[], &["latest", "--stops", "1,2"]));
        check("xtask mix --set general.seed=2 r --rows 1", ("mix", &["general.seed=2"], &["r", "--rows", "1"]));
    }

    #[test]
    fn a_sample_is_known_by_its_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        let id = path.to_str().unwrap();
        assert!(!made(id));
        std::fs::write(&path, b"\x89PNG....tEXtnijigen\0{}").unwrap();
        assert!(made(id));
        assert!(!made("train/12"));
    }
}
