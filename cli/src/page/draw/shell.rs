//! What is around every drawing.

use maud::{DOCTYPE, Markup, html};

/// How often a browser without JavaScript asks again, in seconds.
const WITHOUT_SCRIPT: &str = "5";

fn around(title: &str, live: Option<&str>, drawing: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                link rel="stylesheet" href="/style.css";
                @if live.is_some() {
                    script src="/live.js" defer {}
                    noscript { meta http-equiv="refresh" content=(WITHOUT_SCRIPT); }
                }
            }
            body {
                a.skip href="#drawing" { "Skip to the content" }
                header { a.brand href="/" { "Changeover" } @if live.is_some() { span #link role="status" {} } }
                main #drawing data-live=[live] { (drawing) }
            }
        }
    }
}

/// A page that is kept up to date from an address.
pub fn page(title: &str, live: &str, drawing: &Markup) -> Markup {
    around(title, Some(live), drawing)
}

/// A page that stays as it is.
pub fn still(title: &str, drawing: &Markup) -> Markup {
    around(title, None, drawing)
}

/// A page with a few words, and the way back.
pub fn told(title: &str, words: &str, back: &str) -> Markup {
    still(title, &html! { section.card { p { (words) } p { a href=(back) { "Back" } } } })
}
