//! The page of a served cloud, in a real browser: watching a good push, taking back a bad one, reload, two tabs, and the
//! cloud gone and back.

use crate::browser::Browser;
use crate::changeover::User;
use crate::server::Served;
use fantoccini::Locator;
use nix::sys::signal::{Signal, kill};
use serde_json::Value;

/// What the page may fetch: nothing of another place, and nothing that stands in it.
const FROM_ELSEWHERE: &str = "return performance.getEntriesByType('resource').filter(one => !one.name.startsWith(location.origin)).length";
/// Whether the page is wider than the window.
const TOO_WIDE: &str = "return document.documentElement.scrollWidth > document.documentElement.clientWidth";

fn address(served: &Served) -> &str {
    let line =
        served.said.iter().find_map(|line| line.strip_prefix("  ").filter(|line| line.contains("/?token=")));
    line.expect("it says where the page is")
}

async fn is(browser: &Browser, script: &str) -> Value {
    browser.page.execute(script, Vec::new()).await.expect("the script runs")
}

#[tokio::test(flavor = "multi_thread")]
async fn people_watch_a_deployment_and_take_another_back() {
    let Some(browser) = Browser::open().await else { return };
    let served = Served::start().await;
    browser.page.goto(address(&served)).await.expect("it is opened");
    browser.reads("h1", "Services of changeover").await;
    browser.reads("main", "rehearsal/web-blue").await;
    let now = browser.page.current_url().await.expect("an address");
    assert!(!now.as_str().contains("token"), "the token stays in the address: {now}");
    browser.reads("#link", "live").await;

    // A good push, watched in two tabs, one of which is opened anew in the middle.
    browser.click("rehearsal/web-blue").await;
    browser.reads("main", "nothing is on the way").await;
    let first = browser.page.window().await.expect("a window");
    let second = browser.page.new_window(true).await.expect("a tab").handle;
    browser.page.switch_to_window(second.clone()).await.expect("the tab");
    browser
        .page
        .goto(&format!("{}service/rehearsal/web-blue", root(now.as_str())))
        .await
        .expect("it is opened");
    served.push(&["--tag", "v2"]).await;
    browser.reads(".way", "web:v2").await;
    browser.page.refresh().await.expect("it is loaded anew");
    browser.reads(".way", "web:v2").await;
    browser.reads(".way .path .now", "").await;
    browser.page.switch_to_window(first).await.expect("the first tab");
    browser.reads(".outcomes, .badge.good", "Succeeded").await;
    browser.reads(".glance", "nothing is on the way").await;
    browser.page.switch_to_window(second).await.expect("the second tab");
    browser.reads(".glance", "nothing is on the way").await;

    // A bad one, taken back by its button, which asks once more.
    served.push(&["--tag", "v3", "--sample", "--error-rate 0.01"]).await;
    browser.reads(".way", "web:v3").await;
    browser.click("Take it back").await;
    browser.reads("h1", "Take it back?").await;
    let cause = browser.page.find(Locator::Css("#cause")).await.expect("it asks why");
    cause.send_keys("INC-9 <b>").await.expect("it is typed");
    browser.click("Yes, take it back").await;
    browser.click("Back").await;
    browser.reads("main", "RolledBack").await;
    browser.reads("main", "INC-9 <b>").await;
    browser.click("History and numbers").await;
    browser.reads(".figures", "50 %").await;

    assert_eq!(is(&browser, FROM_ELSEWHERE).await, 0, "it fetches from elsewhere");
    browser.page.set_window_size(390, 800).await.expect("a phone's width");
    assert_eq!(is(&browser, TOO_WIDE).await, false, "it does not fit on a phone");
    browser.close().await;
    served.close().await;
}

/// A deployment that waits for a person, who lets it go on; and a freeze, which the page tells of.
#[tokio::test(flavor = "multi_thread")]
async fn people_approve_what_is_held() {
    let Some(browser) = Browser::open().await else { return };
    let served = Served::start().await;
    let user = User::of(&served);
    let line = "changeover deploy web-blue --image-tag build-2 --set steps=100 --set bake=1s --set 'before-traffic=pause 1h' --until paused --yes";
    user.gives(0, line).await;
    user.gives(0, "changeover freeze --cause INC-11 --yes").await;
    browser.page.goto(address(&served)).await.expect("it is opened");
    browser.reads(".frozen", "INC-11").await;
    browser.click("rehearsal/web-blue").await;
    browser.reads(".buttons", "End this pause or bake").await;
    browser.click("End this pause or bake").await;
    browser.reads("h1", "End this pause or bake?").await;
    let cause = browser.page.find(Locator::Css("#cause")).await.expect("it asks why");
    cause.send_keys("checkout works").await.expect("it is typed");
    browser.click("Yes, end this pause or bake").await;
    browser.click("Back").await;
    browser.reads("main", "checkout works").await;
    browser.reads(".glance", "nothing is on the way").await;
    assert_eq!(user.gives(0, "changeover show web-blue").await["outcome"], "Succeeded");
    browser.close().await;
    served.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_says_that_the_cloud_is_gone_and_shows_it_when_it_is_back() {
    let Some(browser) = Browser::open().await else { return };
    let served = Served::start().await;
    browser.page.goto(address(&served)).await.expect("it is opened");
    browser.reads("main", "rehearsal/web-blue").await;
    kill(served.process(), Signal::SIGSTOP).expect("it runs");
    browser.reads(".trouble", "AWS gives no answer").await;
    browser.reads("main", "rehearsal/web-blue").await;
    kill(served.process(), Signal::SIGCONT).expect("it is stopped");
    let gone = async || browser.text(".trouble").await.is_empty();
    crate::server::until("the page says no more that AWS gives no answer", gone).await;
    browser.close().await;
    served.close().await;
}

/// The page as somebody sees it who does not have its address.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_is_let_in_to_the_page() {
    let served = Served::start().await;
    let address = address(&served);
    let (root, token) = address.split_once("?token=").expect("a token");
    let asked = async |options: &str, of: &str| {
        let line = format!("curl --silent --output /dev/null --write-out '%{{http_code}}' {options} '{of}'");
        let output =
            tokio::process::Command::new("sh").args(["-c", &line]).output().await.expect("a shell runs");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    let port = root.trim_end_matches('/').rsplit(':').next().expect("a port");
    let cookie = format!("--cookie changeover-page-{port}={token}");
    let order = format!("{root}service/rehearsal/web-blue/order/rollback");
    let form = "--data deployment=d --data cause=c";
    assert_eq!(asked("", address).await, "303", "the token lets in");
    assert_eq!(asked(&cookie, root).await, "200", "and so does the cookie");
    for (options, of, what) in [
        ("", root, "no token"),
        ("", &format!("{root}?token={}", "0".repeat(64)) as &str, "another token"),
        (&format!("{cookie} --header 'Host: evil.example'"), root, "another name for this address"),
        (&format!("{cookie} --header 'Origin: http://evil.example'"), root, "another page"),
        (&format!("{cookie} {form}"), &order, "an order that no page sent"),
        (&format!("{cookie} {form} --header 'Origin: http://evil.example'"), &order, "another page's order"),
        (
            &format!("{form} --header 'Origin: {}'", root.trim_end_matches('/')),
            &order,
            "an order without a cookie",
        ),
    ] {
        assert_eq!(asked(options, of).await, "403", "{what}");
    }
    served.close().await;
}

/// Everything before the path.
fn root(address: &str) -> String {
    let path = address.find("//").and_then(|at| address[at + 2..].find('/').map(|path| at + 2 + path));
    address[..=path.expect("a path")].to_owned()
}
