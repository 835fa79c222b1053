//! Who may come in to the page: whoever has the token that was printed, by a browser that is on our own page. Pure.
//!
//! The page can give orders with the credentials of whoever started it. A page of the web that is open in the same browser
//! must not reach it (by another name for this address, by a form, by a frame), nor may other users of the machine.

use subtle::ConstantTimeEq as _;

/// The cookie that keeps the token, once the address with it was opened.
const COOKIE: &str = "changeover-page";
/// How many random bytes a token has.
const TOKEN_BYTES: usize = 32;

/// The door of one page.
#[derive(Clone)]
pub struct Door {
    token: String,
    port: u16,
}

/// What a request says of itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Knock<'a> {
    /// Whether it would change something.
    pub is_order: bool,
    /// Its `Host`.
    pub host: Option<&'a str>,
    /// Its `Origin`, which browsers add to each form that is sent.
    pub origin: Option<&'a str>,
    /// Its `Sec-Fetch-Site`, where the browser says it.
    pub site: Option<&'a str>,
    /// Its cookies.
    pub cookies: Option<&'a str>,
    /// The token in its address.
    pub token: Option<&'a str>,
}

/// What it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It may come in.
    In,
    /// It has the token in its address: it gets the cookie, and is sent on to the address without.
    Greeted,
    /// It may not, and why.
    Out(&'static str),
}

impl Door {
    /// A door with a new token.
    pub fn new(port: u16) -> Self {
        let bytes: [u8; TOKEN_BYTES] = rand::random();
        let token = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Self { token, port }
    }

    /// The address that lets in.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}/?token={}", self.port, self.token)
    }

    /// The cookie that is given to whoever had it.
    pub fn cookie(&self) -> String {
        format!("{COOKIE}-{}={}; Path=/; HttpOnly; SameSite=Strict", self.port, self.token)
    }

    /// Says whether a request may come in.
    pub fn judge(&self, knock: &Knock<'_>) -> Answer {
        let Some(host) = knock.host.filter(|host| self.is_ours(host)) else {
            return Answer::Out("This page answers to 127.0.0.1 and localhost only.");
        };
        let same = |origin: &str| origin.strip_prefix("http://") == Some(host);
        if knock.origin.is_some_and(|origin| !same(origin)) {
            return Answer::Out("This request comes from another page.");
        }
        let elsewhere = knock.site.is_some_and(|site| site != "same-origin" && site != "none");
        if knock.is_order && (knock.origin.is_none() || elsewhere) {
            return Answer::Out("An order is given from this page itself.");
        }
        if !knock.is_order && knock.token.is_some_and(|token| self.is_token(token)) {
            return Answer::Greeted;
        }
        let name = format!("{COOKIE}-{}", self.port);
        let cookies =
            knock.cookies.unwrap_or_default().split(';').filter_map(|one| one.trim().split_once('='));
        if cookies.into_iter().any(|(key, value)| key == name && self.is_token(value)) {
            return Answer::In;
        }
        Answer::Out("Open the address that `changeover serve` printed: it has the token.")
    }

    fn is_ours(&self, host: &str) -> bool {
        host.rsplit_once(':').is_some_and(|(name, port)| {
            ["127.0.0.1", "localhost"].contains(&name) && port == self.port.to_string()
        })
    }

    fn is_token(&self, text: &str) -> bool {
        text.as_bytes().ct_eq(self.token.as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door() -> Door {
        Door { token: "a".repeat(64), port: 8117 }
    }

    #[test]
    fn whoever_has_the_token_comes_in_and_keeps_a_cookie() {
        let door = door();
        let token = "a".repeat(64);
        let first = Knock { host: Some("127.0.0.1:8117"), token: Some(&token), ..Knock::default() };
        assert_eq!(door.judge(&first), Answer::Greeted);
        let cookies = format!("other=1; changeover-page-8117={token}");
        let next = Knock { host: Some("localhost:8117"), cookies: Some(&cookies), ..Knock::default() };
        assert_eq!(door.judge(&next), Answer::In);
        let order = Knock { is_order: true, origin: Some("http://localhost:8117"), ..next };
        assert_eq!(door.judge(&order), Answer::In);
    }

    #[test]
    fn nobody_else_does() {
        let door = door();
        let token = "a".repeat(64);
        let cookies = format!("changeover-page-8117={token}");
        let ours = Knock { host: Some("127.0.0.1:8117"), cookies: Some(&cookies), ..Knock::default() };
        let wrong = format!("changeover-page-8117={}", "b".repeat(64));
        for (knock, what) in [
            (Knock { cookies: None, ..ours }, "no cookie"),
            (Knock { cookies: Some(&wrong), ..ours }, "another token"),
            (Knock { cookies: Some("changeover-page-8117="), ..ours }, "no token"),
            (Knock { host: None, ..ours }, "no host"),
            (Knock { host: Some("evil.example:8117"), ..ours }, "a name that was bound to this address"),
            (Knock { host: Some("127.0.0.1:80"), ..ours }, "another port"),
            (Knock { host: Some("127.0.0.1"), ..ours }, "no port"),
            (Knock { origin: Some("http://evil.example"), ..ours }, "another page"),
            (Knock { origin: Some("null"), ..ours }, "a frame without origin"),
            (Knock { is_order: true, ..ours }, "an order that no browser's page sent"),
            (
                Knock {
                    is_order: true,
                    origin: Some("http://127.0.0.1:8117"),
                    site: Some("cross-site"),
                    ..ours
                },
                "an order from elsewhere",
            ),
            (
                Knock {
                    is_order: true,
                    origin: Some("http://127.0.0.1:8117"),
                    cookies: None,
                    token: Some(&token),
                    ..ours
                },
                "an order with the token in its address",
            ),
        ] {
            assert!(matches!(door.judge(&knock), Answer::Out(_)), "{what}");
        }
    }

    #[test]
    fn each_page_has_a_token_of_its_own() {
        assert_ne!(Door::new(1).address(), Door::new(1).address());
        assert_eq!(Door::new(1).token.len(), 2 * TOKEN_BYTES);
    }
}
