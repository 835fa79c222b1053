//! Reading settings: layers, mistakes and bounds.

use super::*;

fn raw(pairs: &[(&str, &str)]) -> Raw {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn two_tags_are_enough_to_start() {
    let tags =
        from_tags([("changeover:repository", "web"), ("changeover:image-tag", "prod-*"), ("team", "x")]);
    let settings = read(&Raw::new(), &tags, &Raw::new()).unwrap();
    assert_eq!(settings.strategy, Strategy::Rolling);
    assert_eq!((settings.bake, settings.healthy_checks), (Seconds(60), 3));
}

#[test]
fn input_goes_over_tags_and_tags_over_defaults() {
    let tags = raw(&[("repository", "web"), ("bake", "30s")]);
    let defaults = raw(&[("bake", "90s"), ("healthy-checks", "5")]);
    let settings = read(&raw(&[("bake", "5s")]), &tags, &defaults).unwrap();
    assert_eq!((settings.bake, settings.healthy_checks), (Seconds(5), 5));
    assert_eq!(read(&Raw::new(), &tags, &defaults).unwrap().bake, Seconds(30));
}

#[test]
fn a_tag_on_either_member_counts_for_the_pair() {
    let (blue, green) =
        (raw(&[("bake", "5m"), ("pair", "green")]), raw(&[("steps", "10 100"), ("pair", "blue")]));
    assert_eq!(of_both(&blue, &green), raw(&[("bake", "5m"), ("steps", "10 100"), ("pair", "green")]));
    assert_eq!(of_both(&green, &blue), raw(&[("bake", "5m"), ("steps", "10 100"), ("pair", "blue")]));
    assert!(!of_both(&raw(&[]), &blue).contains_key("pair"));
}

#[test]
fn every_mistake_is_told_at_once() {
    let tags = raw(&[
        ("strategy", "blue-green"),
        ("steps", "10 50 110"),
        ("bake", "60"),
        ("healthy-checks", "0"),
        ("colour", "blue"),
    ]);
    let mistakes = read(&Raw::new(), &tags, &Raw::new()).unwrap_err();
    for part in [
        "repository is missing",
        "110 is not a weight",
        "length of time",
        "1 to 100",
        "colour",
        "pair is missing",
    ] {
        assert!(mistakes.iter().any(|mistake| mistake.contains(part)), "{part} in {mistakes:#?}");
    }
    assert_eq!(mistakes.len(), 6, "{mistakes:#?}");
}

#[test]
fn steps_rise_to_the_whole() {
    for bad in ["", "50", "50 10 100", "10 10 100", "0 100", "x", "100 100"] {
        assert!(steps(bad).is_err(), "{bad}");
    }
    assert!(steps("10,50,100").unwrap_err().contains("separate the weights by spaces"));
    assert_eq!(steps("10 50  100"), Ok(vec![10, 50, 100]));
}

#[test]
fn a_hook_may_be_a_docker_label_and_nothing_else_may() {
    let tags = raw(&[("repository", "web"), ("before-start.2", "task b")]);
    let labels = [
        ("changeover.before-start.1", "task sh -c 'echo 1'"),
        ("changeover.before-start.2", "task c"),
        ("team", "x"),
    ];
    let settings = read_with_labels(&Raw::new(), &tags, &from_labels(labels), &Raw::new()).unwrap();
    let hooks: Vec<String> = settings.hooks.iter().map(|placed| placed.hook.to_string()).collect();
    assert_eq!(hooks, ["task sh -c 'echo 1'", "task b"], "a tag goes over a label");
    let labels = from_labels([("changeover.bake", "5m"), ("changeover.before-start", "nothing")]);
    let mistakes = read_with_labels(&Raw::new(), &tags, &labels, &Raw::new()).unwrap_err();
    assert!(mistakes[0].contains("only hooks are labels") && mistakes[0].contains("changeover:bake"));
    assert!(mistakes[1].contains("Docker label changeover.before-start"), "{mistakes:?}");
}
