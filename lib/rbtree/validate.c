/* SPDX-License-Identifier: MIT */
/*
 * validate.c - the red-black tree's validator. It recurses into a child only if
 * the child's parent word leads back. So no node is visited twice, and the walk
 * ends even if the tree has a cycle.
 *
 * Locks: see validate.h.
 */
#include "lib/rbtree/rbtree_impl.h"
#include "lib/rbtree/validate.h"

/*
 * Far beyond 2 * log2(all memory): a deeper tree is no red-black tree, and must
 * not overflow the stack.
 */
#define DEEPEST 256

struct check {
	const struct vms__rb_rules *rules;
	FILE *why;
	const struct rb_node *last; /* the node visited before, in order */
	int broken;
};

static void broken(struct check *check, const struct rb_node *node, const char *rule)
{
	check->broken++;
	if (!check->why)
		return;
	fprintf(check->why, "rbtree: %s: node %p", rule, (const void *)node);
	if (check->rules->print) {
		fputs(" ", check->why);
		check->rules->print(node, check->why);
	}
	fputs("\n", check->why);
}

static int check_subtree(struct check *check, const struct rb_node *node, int depth);

/*
 * Return: the number of black nodes on a path down from @node into @child; -1
 *         if a broken rule, reported already, leaves that undefined.
 */
static int check_child(struct check *check, const struct rb_node *node, const struct rb_node *child,
		       int depth)
{
	if (!child)
		return 0;
	if (rb_parent(child) != node) {
		broken(check, child, "parent does not lead back");
		return -1;
	}
	if (vms__rb_is_red(node) && vms__rb_is_red(child))
		broken(check, child, "red below red");
	return check_subtree(check, child, depth + 1);
}

static int check_subtree(struct check *check, const struct rb_node *node, int depth)
{
	const struct vms__rb_rules *rules = check->rules;
	int left, right;

	if (depth > DEEPEST) {
		broken(check, node, "too deep");
		return -1;
	}
	left = check_child(check, node, node->rb_left, depth);
	if (rules->in_order && check->last && !rules->in_order(check->last, node))
		broken(check, node, "out of order");
	check->last = node;
	if (rules->summary_right && !rules->summary_right(node))
		broken(check, node, "wrong summary of the subtree");
	right = check_child(check, node, node->rb_right, depth);

	if (left < 0 || right < 0)
		return -1;
	if (left != right) {
		broken(check, node, "black heights differ");
		return -1;
	}
	return left + !vms__rb_is_red(node);
}

int vms__rb_validate(const struct rb_root *root, const struct vms__rb_rules *rules, FILE *why)
{
	struct check check = {.rules = rules, .why = why};

	if (!root->rb_node)
		return 0;
	if (rb_parent(root->rb_node))
		broken(&check, root->rb_node, "the root has a parent");
	if (vms__rb_is_red(root->rb_node))
		broken(&check, root->rb_node, "red root");
	check_subtree(&check, root->rb_node, 0);
	return check.broken;
}
