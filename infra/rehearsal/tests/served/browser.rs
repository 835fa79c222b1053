//! A real browser, driven as its maker means it to be.

use crate::clients::there_is;
use crate::processes::LOOK_AGAIN;
use crate::server::DEADLINE;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::json;
use std::process::Stdio;
use std::time::Instant;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// What the driver says when it can be reached, before its port.
const STARTED: &str = "ChromeDriver was started successfully on port ";

/// Chromium and its driver; both end with it.
pub struct Browser {
    /// Its window.
    pub page: Client,
    _driver: Child,
}

impl Browser {
    /// Opens one, if this machine has it.
    pub async fn open() -> Option<Self> {
        if !there_is("chromedriver --version").await {
            return None;
        }
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the driver starts");
        let mut said = BufReader::new(driver.stdout.take().expect("it is piped")).lines();
        let port = tokio::time::timeout(DEADLINE, async {
            while let Some(line) = said.next_line().await.expect("it is text") {
                if let Some(port) = line.strip_prefix(STARTED) {
                    return port.trim_end_matches('.').to_owned();
                }
            }
            panic!("the driver has ended")
        });
        let port = port.await.expect("the driver is up in time");
        let options =
            json!({"args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]});
        let wishes = [("goog:chromeOptions".to_owned(), options)].into_iter().collect();
        let mut builder = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new());
        let page = builder.capabilities(wishes).connect(&format!("http://127.0.0.1:{port}")).await;
        Some(Self { page: page.expect("the browser opens"), _driver: driver })
    }

    /// The text that can be read in an element.
    pub async fn text(&self, css: &str) -> String {
        match self.page.find(Locator::Css(css)).await {
            Ok(element) => element.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    /// Waits until this can be read in an element.
    pub async fn reads(&self, css: &str, words: &str) {
        let began = Instant::now();
        loop {
            let text = self.text(css).await;
            if text.contains(words) {
                return;
            }
            assert!(began.elapsed() < DEADLINE, "{words:?} does not come in {css}: {text}");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Clicks what this says. What is drawn anew under the click is looked for again.
    pub async fn click(&self, words: &str) {
        let path = format!("//*[self::a or self::button][contains(., '{words}')]");
        let began = Instant::now();
        loop {
            let clicked = async { self.page.find(Locator::XPath(&path)).await?.click().await };
            match clicked.await {
                Ok(()) => return,
                Err(error) => assert!(began.elapsed() < DEADLINE, "{words:?} cannot be clicked: {error}"),
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Closes it.
    pub async fn close(self) {
        self.page.close().await.expect("the browser closes");
    }
}
