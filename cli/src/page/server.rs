//! Addresses and answers of the page.

use super::door::{Answer, Door, Knock};
use super::draw;
use super::numbers::numbers;
use super::watch::{Eye, Picture};
use crate::deliver::{Delivered, deliver, holder};
use crate::failure::Failure;
use crate::orders::What;
use crate::service;
use crate::session::Session;
use crate::told::Story;
use axum::Router;
use axum::extract::{Form, Path, Query, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use changeover_domain::name::DeploymentId;
use futures_util::stream::{self, Stream};
use maud::Markup;
use serde::Deserialize;
use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::TcpListener;

/// Most tabs that are kept up to date at once.
const MOST_TABS: usize = 32;
/// Most deployments of which a service's history is drawn.
const MOST_HISTORY: i32 = 200;
/// Longest cause that is taken, in characters.
const MOST_CAUSE: usize = 200;

/// Nothing from elsewhere, nothing inline, in nobody's frame.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

struct Page {
    eye: Eye,
    door: Door,
    tabs: AtomicUsize,
}

type Shared = Arc<Page>;

/// Serves the page until it is stopped. `began` is called with the address once it is open.
///
/// # Errors
/// If the port is taken.
pub async fn serve(session: Session, port: u16, began: impl FnOnce(&str)) -> Result<(), Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| {
        Failure::usage(format!(
            "The page cannot be opened at port {port} of this machine: {error}. Say --port 0 for any that is free."
        ))
    })?;
    let port = listener.local_addr().map_err(|error| Failure::not(error.to_string()))?.port();
    let page = Arc::new(Page { eye: Eye::new(session), door: Door::new(port), tabs: AtomicUsize::new(0) });
    began(&page.door.address());
    let router = Router::new()
        .route("/", get(all))
        .route("/service/{cluster}/{name}", get(one))
        .route("/service/{cluster}/{name}/history", get(history))
        .route("/service/{cluster}/{name}/deployment/{id}", get(story))
        .route("/service/{cluster}/{name}/order/{what}", get(ask).post(order))
        .route("/live", get(live))
        .route("/style.css", get(|| asset("text/css; charset=utf-8", include_str!("style.css"))))
        .route("/live.js", get(|| asset("text/javascript; charset=utf-8", include_str!("live.js"))))
        .fallback(|| async { told(StatusCode::NOT_FOUND, "There is no such page.") })
        .layer(from_fn_with_state(page.clone(), knock))
        .with_state(page.clone());
    tokio::select! {
        served = axum::serve(listener, router).into_future() => {
            served.map_err(|error| Failure::not(error.to_string()))
        }
        () = page.eye.go_on() => Ok(()),
    }
}

/// What a request says of itself, judged.
fn judged(door: &Door, request: &Request) -> Answer {
    let header = |name: HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
    let query = request.uri().query().unwrap_or_default();
    door.judge(&Knock {
        is_order: request.method() != Method::GET,
        host: header(header::HOST),
        origin: header(header::ORIGIN),
        site: header(HeaderName::from_static("sec-fetch-site")),
        cookies: header(header::COOKIE),
        token: query.split('&').find_map(|pair| pair.strip_prefix("token=")),
    })
}

/// Judges whoever comes, and adds what every answer has.
async fn knock(State(page): State<Shared>, request: Request, next: Next) -> Response {
    let mut response = match judged(&page.door, &request) {
        Answer::In => next.run(request).await,
        Answer::Greeted => {
            let mut response = Redirect::to(request.uri().path()).into_response();
            if let Ok(cookie) = HeaderValue::from_str(&page.door.cookie()) {
                response.headers_mut().insert(header::SET_COOKIE, cookie);
            }
            response
        }
        Answer::Out(why) => (StatusCode::FORBIDDEN, why).into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // With no-referrer, browsers would send our own orders with `Origin: null`.
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn asset(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

fn told(status: StatusCode, words: &str) -> Response {
    (status, draw::told("Changeover", words, "/")).into_response()
}

fn failed(failure: &Failure) -> Response {
    told(StatusCode::BAD_GATEWAY, &failure.words)
}

async fn all(State(page): State<Shared>) -> Markup {
    let picture = page.eye.picture().await;
    draw::page(&View::All.title(), "/live", &View::All.draw(&picture))
}

async fn one(State(page): State<Shared>, Path((cluster, name)): Path<(String, String)>) -> Response {
    let picture = page.eye.picture().await;
    let service = format!("{cluster}/{name}");
    if picture.find(&service).is_none() && picture.trouble.is_none() {
        return told(StatusCode::NOT_FOUND, &format!("Changeover deploys no service {service} here."));
    }
    let live = format!("/live?service={service}");
    let view = View::One(service);
    draw::page(&view.title(), &live, &view.draw(&picture)).into_response()
}

/// What a tab shows and is kept up to date with.
enum View {
    All,
    One(String),
}

impl View {
    fn title(&self) -> String {
        match self {
            Self::All => "Changeover".to_owned(),
            Self::One(service) => format!("{service} – Changeover"),
        }
    }

    fn draw(&self, picture: &Picture) -> Markup {
        match self {
            Self::All => draw::list(picture),
            Self::One(service) => draw::service(picture, service),
        }
    }
}

#[derive(Deserialize)]
struct Watched {
    service: Option<String>,
}

/// Counts a tab for as long as it is open.
struct Tab(Shared);

impl Drop for Tab {
    fn drop(&mut self) {
        self.0.tabs.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn live(State(page): State<Shared>, Query(watched): Query<Watched>) -> Response {
    if page.tabs.fetch_add(1, Ordering::Relaxed) >= MOST_TABS {
        page.tabs.fetch_sub(1, Ordering::Relaxed);
        return told(StatusCode::SERVICE_UNAVAILABLE, "Too many tabs are open: close some of them.");
    }
    let view = watched.service.map_or(View::All, View::One);
    let events = drawings(page.eye.watch(), view, Tab(page.clone()));
    Sse::new(events).keep_alive(KeepAlive::default()).into_response()
}

/// Each drawing that differs from the one before.
fn drawings(
    pictures: tokio::sync::watch::Receiver<Arc<Picture>>,
    view: View,
    tab: Tab,
) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold((pictures, view, tab, String::new()), |(mut pictures, view, tab, last)| async move {
        loop {
            pictures.changed().await.ok()?;
            let picture = pictures.borrow_and_update().clone();
            let drawing = view.draw(&picture).into_string();
            if drawing != last {
                let event = Event::default().event("drawing").data(&drawing);
                return Some((Ok(event), (pictures, view, tab, drawing)));
            }
        }
    })
}

#[derive(Deserialize)]
struct Filter {
    outcome: Option<String>,
}

async fn history(
    State(page): State<Shared>,
    Path((cluster, name)): Path<(String, String)>,
    Query(filter): Query<Filter>,
) -> Response {
    let session = &page.eye.session;
    let found = match service::find(&session.aws, &format!("{cluster}/{name}")).await {
        Ok(found) => found,
        Err(failure) => return failed(&failure),
    };
    match session.ledger().latest_deployments(&found.name, MOST_HISTORY).await {
        Ok(deployments) => {
            let now = session.now();
            let outcome = filter.outcome.as_deref().filter(|outcome| !outcome.is_empty());
            let title = format!("History of {} – Changeover", found.name);
            let drawing = draw::history(&found.name, &deployments, &numbers(&deployments, now), outcome, now);
            draw::still(&title, &drawing).into_response()
        }
        Err(error) => failed(&error.into()),
    }
}

async fn story(
    State(page): State<Shared>,
    Path((cluster, name, id)): Path<(String, String, String)>,
) -> Response {
    let session = &page.eye.session;
    let found = match service::find(&session.aws, &format!("{cluster}/{name}")).await {
        Ok(found) => found,
        Err(failure) => return failed(&failure),
    };
    match session.ledger().find_deployment(&found.name, &DeploymentId::from(id.as_str())).await {
        Ok(Some(record)) => {
            let drawing = draw::story(&Story::of(&record, session.now()), session.now());
            draw::still(&format!("{id} – Changeover"), &drawing).into_response()
        }
        Ok(None) => told(StatusCode::NOT_FOUND, &format!("{} has no deployment {id}.", found.name)),
        Err(error) => failed(&error.into()),
    }
}

async fn ask(
    State(page): State<Shared>,
    Path((cluster, name, what)): Path<(String, String, String)>,
) -> Response {
    let Some(what) = What::of(&what) else {
        return told(StatusCode::NOT_FOUND, "There is no such order.");
    };
    let service = format!("{cluster}/{name}");
    let picture = page.eye.picture().await;
    let Some(one) = picture.find(&service) else {
        return told(StatusCode::NOT_FOUND, &format!("Changeover deploys no service {service} here."));
    };
    draw::still("Sure? – Changeover", &draw::ask(one, &what)).into_response()
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    cause: String,
    deployment: String,
}

async fn order(
    State(page): State<Shared>,
    Path((cluster, name, what)): Path<(String, String, String)>,
    Form(asked): Form<Asked>,
) -> Response {
    let Some(what) = What::of(&what) else {
        return told(StatusCode::NOT_FOUND, "There is no such order.");
    };
    let service = format!("{cluster}/{name}");
    let session = &page.eye.session;
    let cause: String = asked.cause.trim().chars().take(MOST_CAUSE).collect();
    let cause = if cause.is_empty() { "the page of changeover serve".to_owned() } else { cause };
    let given = async {
        let found = service::find(&session.aws, &service).await?;
        // Whoever clicked had this deployment before their eyes, and no other.
        let now = holder(session, &found).await?;
        if now.id.as_str() != asked.deployment {
            return Err(Failure::not(format!(
                "{} is over; {} is on the way now. Nothing was ordered.",
                asked.deployment, now.id
            )));
        }
        let delivered = deliver(session, &found, what, &cause).await?;
        page.eye.forget(&found.name).await;
        Ok::<Delivered, Failure>(delivered)
    };
    match given.await {
        Ok(delivered) => {
            draw::told("Done – Changeover", &delivered.said, &format!("/service/{service}")).into_response()
        }
        Err(failure) => {
            let drawing = draw::told("Not done – Changeover", &failure.words, &format!("/service/{service}"));
            (StatusCode::CONFLICT, drawing).into_response()
        }
    }
}
