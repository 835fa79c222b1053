//! Just enough of a shell to know which commands a block of a document runs, and with which words.

/// Commands in a block, each as its words. A comment ends a line; `\` at its end goes on; what stands in `$(…)` is a
/// command of its own.
pub fn commands(body: &str) -> Vec<Vec<String>> {
    let joined = body.replace("\\\n", " ");
    joined.lines().flat_map(of_line).collect()
}

fn of_line(line: &str) -> Vec<Vec<String>> {
    let (outer, inner) = match (line.find("$("), line.rfind(')')) {
        (Some(begin), Some(end)) if begin < end => {
            (format!("{}…{}", &line[..begin], &line[end + 1..]), of_line(&line[begin + 2..end]))
        }
        _ => (line.to_owned(), Vec::new()),
    };
    let words = words(&outer);
    let split = words.split(|word| matches!(word.as_str(), "|" | "&&" | ";"));
    split.filter(|words| !words.is_empty()).map(<[String]>::to_vec).chain(inner).collect()
}

/// The words of a line, quotes taken off.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for letter in line.trim().chars() {
        match (letter, quote) {
            ('#', None) if word.is_none() => break,
            (' ', None) => words.extend(word.take()),
            ('\'' | '"', None) => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (letter, Some(open)) if letter == open => quote = None,
            (letter, _) => word.get_or_insert_default().push(letter),
        }
    }
    assert_eq!(quote, None, "{line}: a quote is open");
    words.extend(word);
    words
}

#[test]
fn a_block_is_taken_apart() {
    let body = "export X=$(aws a b --c 'd e') # why\naws f \\\n  --g '{\"h\": \"i\"}' | cat\n";
    let all: Vec<String> = commands(body).into_iter().map(|words| words.join("·")).collect();
    assert_eq!(all, ["export·X=…", "aws·a·b·--c·d e", "aws·f·--g·{\"h\": \"i\"}", "cat"]);
}
