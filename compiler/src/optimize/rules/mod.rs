//! The rules, one file each.

#![expect(clippy::wildcard_enum_match_arm, reason = "a rule is about one operator and leaves all others as they are")]

mod fold_constants;
mod fuse_sort_take;
mod inline_shared_once;
mod merge_filters;
mod merge_projects;
mod merge_takes;
mod merge_windows;
mod prune_columns;
mod push_filter_into_scan;
mod push_filter_through_aggregate;
mod push_filter_through_distinct;
mod push_filter_through_join;
mod push_filter_through_project;
mod push_filter_through_sort;
mod push_filter_through_union;
mod push_filter_through_window;
mod push_residual_into_join_sides;
mod push_take_through_project;
mod remove_identity_project;
mod remove_redundant_distinct;
mod remove_true_filter;
mod remove_unread_sort;
mod remove_unused_shared;
mod reorder_joins;
mod simplify;
mod turn_filter_into_join_key;
mod turn_left_join_into_inner;

pub(super) use fold_constants::FoldConstants;
pub(super) use fuse_sort_take::FuseSortTake;
pub(super) use inline_shared_once::InlineSharedOnce;
pub(super) use merge_filters::MergeFilters;
pub(super) use merge_projects::MergeProjects;
pub(super) use merge_takes::MergeTakes;
pub(super) use merge_windows::MergeWindows;
pub(super) use prune_columns::PruneColumns;
pub(super) use push_filter_into_scan::PushFilterIntoScan;
pub(super) use push_filter_through_aggregate::PushFilterThroughAggregate;
pub(super) use push_filter_through_distinct::PushFilterThroughDistinct;
pub(super) use push_filter_through_join::PushFilterThroughJoin;
pub(super) use push_filter_through_project::PushFilterThroughProject;
pub(super) use push_filter_through_sort::PushFilterThroughSort;
pub(super) use push_filter_through_union::PushFilterThroughUnion;
pub(super) use push_filter_through_window::PushFilterThroughWindow;
pub(super) use push_residual_into_join_sides::PushResidualIntoJoinSides;
pub(super) use push_take_through_project::PushTakeThroughProject;
pub(super) use remove_identity_project::RemoveIdentityProject;
pub(super) use remove_redundant_distinct::RemoveRedundantDistinct;
pub(super) use remove_true_filter::RemoveTrueFilter;
pub(super) use remove_unread_sort::RemoveUnreadSort;
pub(super) use remove_unused_shared::RemoveUnusedShared;
pub(super) use reorder_joins::ReorderJoins;
pub(super) use turn_filter_into_join_key::TurnFilterIntoJoinKey;
pub(super) use turn_left_join_into_inner::TurnLeftJoinIntoInner;
