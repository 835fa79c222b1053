//! The command: a file, or standard input, to standard output.

use crate::judge;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write as _};
use std::path::Path;

/// Judges the periods of a file, or of standard input, one JSON line each; says on standard error what was refused.
///
/// # Errors
/// What cannot be read or written. Nobody who reads on is none.
pub fn command(file: Option<&Path>) -> io::Result<()> {
    let mut output = BufWriter::new(io::stdout().lock());
    let mut refusals = io::stderr().lock();
    let tally = match file.filter(|file| *file != Path::new("-")) {
        Some(path) => {
            let file = File::open(path).map_err(|error| {
                io::Error::new(error.kind(), format!("{} cannot be read: {error}", path.display()))
            })?;
            judge(BufReader::new(file), &mut output, &mut refusals)
        }
        None => {
            let mut flushed = Flushed(output);
            return ended(judge(io::stdin().lock(), &mut flushed, &mut refusals).map(drop));
        }
    };
    ended(tally.and_then(|_| output.flush()))
}

/// Who types or pipes lines sees each answer as it comes.
struct Flushed<W: io::Write>(BufWriter<W>);

impl<W: io::Write> io::Write for Flushed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.0.write(bytes)?;
        if bytes.ends_with(b"\n") {
            self.0.flush()?;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn ended(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
