import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventgateway.core.errors import PathConflict
from eventgateway.core.path import PathTree, segments
from tests.unit.attempts import attempt
from tests.unit.strategies import PATHS, PATTERNS, naive_match


def tree_of(*patterns):
    tree = PathTree()
    for pattern in patterns:
        tree.add(pattern, pattern)
    return tree


def grow(patterns):
    """A tree of those patterns that it accepts, and these."""
    tree, accepted = PathTree(), []
    for pattern in patterns:
        try:
            tree.add(pattern, pattern)
        except PathConflict:
            continue
        accepted.append(pattern)
    return tree, accepted


def conflicts(tree, pattern):
    refusal = attempt(tree.check, pattern)
    return refusal and refusal.message


def found(tree, path):
    """Pattern and parameters of a path; `/` has no parameters."""
    result = tree.resolve(path)
    return result and (result[0], result[1] or {})


RESOLUTIONS = [
    (["/", "/a", "/b", "/a/b", "/d/e/f"], "/", "/", None),
    (["/", "/a", "/b", "/a/b", "/d/e/f"], "/a", "/a", {}),
    (["/", "/a", "/b", "/a/b", "/d/e/f"], "/a/b", "/a/b", {}),
    (["/", "/a", "/b", "/a/b", "/d/e/f"], "/d/e/f", "/d/e/f", {}),
    (["/a/"], "/a/", "/a/", {}),
    (["/:name"], "/foo", "/:name", {"name": "foo"}),
    (["/:name"], "/a b", "/:name", {"name": "a b"}),
    (["/:name"], "/ä", "/:name", {"name": "ä"}),
    (["/:name"], "/:name", "/:name", {"name": ":name"}),
    (["/*rest"], "/a", "/*rest", {"rest": "a"}),
    (["/*rest"], "/a/b/c", "/*rest", {"rest": "a/b/c"}),
    (["/*rest"], "/a/", "/*rest", {"rest": "a/"}),
    (["/:t/*p"], "/x/y/z", "/:t/*p", {"t": "x", "p": "y/z"}),
    (["/:t/*p"], "/x/", "/:t/*p", {"t": "x", "p": ""}),
    (["/p/:", "/w/*"], "/p/1", "/p/:", {"": "1"}),
    (["/p/:", "/w/*"], "/w/1/2", "/w/*", {"": "1/2"}),
    (["/:x", "/:x/"], "/1/", "/:x/", {"x": "1"}),
    (["/users/:id/posts/:slug"], "/users/42/posts/a-b", "/users/:id/posts/:slug", {"id": "42", "slug": "a-b"}),
]


@pytest.mark.parametrize(
    ("patterns", "path", "pattern", "params"), [pytest.param(*each, id=f"{' '.join(each[0])} has {each[1]}") for each in RESOLUTIONS]
)
def test_a_path_resolves_to_its_pattern_and_parameters(patterns, path, pattern, params):
    assert tree_of(*patterns).resolve(path) == (pattern, params)


MISSES = [
    (["/", "/a", "/a/b", "/d/e/f"], ["/d", "/d/e", "/a/", "/c", "/a/b/", "/d/e/f/g"]),
    (["/a/"], ["/a", "/", "/a//"]),
    (["/:name"], ["/foo/", "/", "/foo/bar"]),
    (["/*rest"], ["/"]),
    (["/:t/*p"], ["/x", "/"]),
    (["/Foo"], ["/foo", "/FOO"]),
    ([], ["/", "/a"]),
]


@pytest.mark.parametrize(("patterns", "path"), [pytest.param(patterns, path, id=path) for patterns, paths in MISSES for path in paths])
def test_a_path_without_a_pattern_resolves_to_nothing(patterns, path):
    assert tree_of(*patterns).resolve(path) is None


STATIC = "static route already defined for route: {}"
PARAMETER = 'parameter with different name ("{}") already defined: for route: {}'
WILDCARD = 'wildcard with different name ("{}") already defined: for route: {}'

CONFLICTS = [
    (["/a"], "/:x", STATIC.format("/:x")),
    (["/a", "/b"], "/:x", STATIC.format("/:x")),
    (["/a/b", "/a"], "/:x", STATIC.format("/:x")),
    (["/a/b"], "/a/:x", STATIC.format("/a/:x")),
    (["/a/"], "/a/:x", STATIC.format("/a/:x")),
    (["/:x"], "/a", PARAMETER.format("x", "/a")),
    (["/:x"], "/:y", PARAMETER.format("x", "/:y")),
    (["/:x/:y"], "/:x/:z", PARAMETER.format("y", "/:x/:z")),
    (["/:x/:y"], "/:x/c", PARAMETER.format("y", "/:x/c")),
    (["/a/:x"], "/a/:y", PARAMETER.format("x", "/a/:y")),
    (["/a/:x"], "/a/", PARAMETER.format("x", "/a/")),
    (["/:x/bar/baz"], "/foo/:bar", PARAMETER.format("x", "/foo/:bar")),
    (["/*x"], "/*y", WILDCARD.format("x", "/*y")),
    (["/*x"], "/a", WILDCARD.format("x", "/a")),
    (["/a"], "/*x", WILDCARD.format("", "/*x")),
    (["/a/*x"], "/a/b", WILDCARD.format("x", "/a/b")),
    (["/a/*x"], "/a/b/c", WILDCARD.format("x", "/a/b/c")),
    (["/*x"], "/*x/b", WILDCARD.format("x", "/*x/b")),
    ([], "/*w/b", "wildcard must be the last parameter"),
]


@pytest.mark.parametrize(
    ("present", "pattern", "message"), [pytest.param(*each, id=f"{' '.join(each[0])} then {each[1]}") for each in CONFLICTS]
)
def test_a_pattern_that_could_match_the_same_request_differently_is_refused(present, pattern, message):
    tree = tree_of(*present)
    with pytest.raises(PathConflict) as refused:
        tree.add(pattern, "new")
    assert refused.value.message == message


COMPATIBLE = [
    ("/", "/a"), ("/a", "/b"), ("/a/", "/a"), ("/a", "/a/b"), ("/a/b", "/a/c"), ("/:x/b", "/:x/c"),
    ("/*x", "/"), ("/a", "/a/*x"), ("/:x/", "/:x"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), [pytest.param(*pair, id=" and ".join(pair)) for pair in COMPATIBLE])
def test_patterns_that_never_match_the_same_request_live_together_in_either_order(one, other):
    for first, second in ((one, other), (other, one)):
        tree = tree_of(first, second)
        assert tree.resolve(one.replace(":x", "1").replace("*x", "1"))[0] == one
        assert tree.resolve(other.replace(":x", "1").replace("*x", "1"))[0] == other


def test_adding_a_pattern_again_replaces_its_value():
    tree = tree_of("/:x")
    tree.add("/:x", "new")
    assert tree.resolve("/1") == ("new", {"x": "1"})


def test_removing_a_parent_keeps_the_child():
    tree = tree_of("/a", "/a/b")
    tree.remove("/a")
    assert (tree.resolve("/a"), found(tree, "/a/b")) == (None, ("/a/b", {}))


def test_removing_a_child_keeps_the_parent():
    tree = tree_of("/a", "/a/b")
    tree.remove("/a/b")
    assert (found(tree, "/a"), tree.resolve("/a/b")) == (("/a", {}), None)


@pytest.mark.parametrize(("gone", "welcome"), [("/:x", "/a"), ("/:x", "/:y"), ("/*x", "/a"), ("/a", "/*x"), ("/a/b/c", "/:x")])
def test_a_removed_pattern_stands_in_nobodys_way(gone, welcome):
    tree = tree_of(gone)
    tree.remove(gone)
    tree.add(welcome, "new")
    assert tree.resolve("/a" if welcome == "/a" else "/1")[0] == "new"


def test_removing_a_pattern_that_is_not_there_changes_nothing():
    tree = tree_of("/a/b", "/p/:x")
    for absent in ("/a", "/a/b/c", "/p/:y", "/x", "/"):
        tree.remove(absent)
    assert (found(tree, "/a/b"), found(tree, "/p/1")) == (("/a/b", {}), ("/p/:x", {"x": "1"}))


@pytest.mark.parametrize("pattern", ["/", "/a", "/:x/*y"])
def test_a_tree_is_true_while_it_holds_anything(pattern):
    tree = PathTree()
    assert not tree
    tree.add(pattern, 1)
    assert tree
    tree.remove(pattern)
    assert not tree


@pytest.mark.parametrize(("path", "parts"), [("/", [""]), ("/a", ["a"]), ("/a/", ["a", ""]), ("/a//b", ["a", "", "b"])])
def test_segments_stand_between_slashes(path, parts):
    assert segments(path) == parts


@settings(max_examples=120)
@given(st.lists(PATTERNS, max_size=8), st.lists(PATHS, min_size=1, max_size=6))
def test_resolve_agrees_with_a_matcher_that_tries_every_pattern(patterns, paths):
    tree, accepted = grow(patterns)
    for path in paths:
        matches = [(pattern, params) for pattern in dict.fromkeys(accepted) if (params := naive_match(pattern, path)) is not None]
        assert len(matches) <= 1, "two patterns of one tree match one request"
        assert found(tree, path) == (matches[0] if matches else None)


@settings(max_examples=120)
@given(st.lists(PATTERNS, max_size=8), st.lists(PATHS, min_size=1, max_size=6), st.data())
def test_a_tree_built_in_any_order_resolves_alike(patterns, paths, data):
    tree, accepted = grow(patterns)
    other, all_of_them = grow(data.draw(st.permutations(accepted)))
    assert sorted(all_of_them) == sorted(accepted), "a pattern was refused only because of the order"
    assert [found(other, path) for path in paths] == [found(tree, path) for path in paths]


@settings(max_examples=120)
@given(st.lists(PATTERNS, max_size=8, unique=True), st.lists(PATHS, min_size=1, max_size=6), PATTERNS, st.data())
def test_after_removals_a_tree_is_like_one_that_never_had_the_removed(patterns, paths, newcomer, data):
    tree, accepted = grow(patterns)
    removed = data.draw(st.lists(st.sampled_from(accepted), unique=True)) if accepted else []
    for pattern in removed:
        tree.remove(pattern)
    fresh = tree_of(*(pattern for pattern in accepted if pattern not in removed))
    assert [found(tree, path) for path in paths] == [found(fresh, path) for path in paths]
    assert conflicts(tree, newcomer) == conflicts(fresh, newcomer)
    assert bool(tree) == bool(fresh)


@settings(max_examples=120)
@given(st.lists(PATTERNS, max_size=6), st.lists(PATHS, min_size=1, max_size=6), PATTERNS, PATTERNS)
def test_a_refused_pattern_changes_nothing(patterns, paths, newcomer, later):
    tree, accepted = grow(patterns)
    if not conflicts(tree, newcomer):
        newcomer = "/*not/last"
    with pytest.raises(PathConflict):
        tree.add(newcomer, "new")
    same = tree_of(*accepted)
    assert [found(tree, path) for path in paths] == [found(same, path) for path in paths]
    assert conflicts(tree, later) == conflicts(same, later)


@given(PATTERNS, PATTERNS)
def test_two_patterns_conflict_in_either_order_or_in_none(one, other):
    if conflicts(PathTree(), one) or conflicts(PathTree(), other):
        return
    assert bool(conflicts(tree_of(one), other)) == bool(conflicts(tree_of(other), one))


@given(st.text(), st.text())
def test_no_text_upsets_a_tree(pattern, path):
    tree = PathTree()
    if not conflicts(tree, f"/{pattern}"):
        tree.add(f"/{pattern}", "value")
    assert tree.resolve(f"/{path}") is None or tree.resolve(f"/{path}")[0] == "value"
