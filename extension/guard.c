/* Row security rules over rows; some statements go around it or reach into other sessions, and
 * PostgreSQL has no privilege to take away: a WITH HOLD cursor carries one tenant's rows into the
 * next transaction of a pooled connection, LISTEN and NOTIFY cross tenants, LOCK TABLE stops them
 * all, EXPLAIN counts other tenants' rows, ALTER ROLE changes one's own password and defaults. The
 * gateway's roles need none of it, so for them only the statements of the table below exist. */
#include "gatehouse_claims.h"

#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "tcop/cmdtag.h"
#include "tcop/utility.h"
#include "utils/varlena.h"

#include "settings.h"

static ProcessUtility_hook_type next_utility;

static bool transaction_is_allowed(const TransactionStmt *statement)
{
	return statement->kind != TRANS_STMT_PREPARE &&
	       statement->kind != TRANS_STMT_COMMIT_PREPARED &&
	       statement->kind != TRANS_STMT_ROLLBACK_PREPARED;
}

/* Filtered by the policies, and only to the client. COPY FROM is refused under row security anyway.
 */
static bool copy_is_allowed(const CopyStmt *statement)
{
	return !statement->is_from && !statement->is_program && !statement->filename;
}

static bool is_allowed(Node *statement)
{
	switch (nodeTag(statement)) {
	case T_TransactionStmt: return transaction_is_allowed((TransactionStmt *)statement);
	case T_DeclareCursorStmt:
		return (((DeclareCursorStmt *)statement)->options & CURSOR_OPT_HOLD) == 0;
	case T_CopyStmt: return copy_is_allowed((CopyStmt *)statement);
	case T_FetchStmt:
	case T_ClosePortalStmt:
	case T_PrepareStmt:
	case T_ExecuteStmt:
	case T_DeallocateStmt:
	case T_DiscardStmt:
	case T_VariableSetStmt:
	case T_VariableShowStmt:
	case T_ConstraintsSetStmt:
	case T_CallStmt: return true;
	default: return false;
	}
}

/* The role that logged in, whatever SET ROLE made of it since. */
static bool session_is_guarded(void)
{
	char *list = pstrdup(gatehouse_guarded_roles ? gatehouse_guarded_roles : "");
	const char *role = GetUserNameFromId(GetSessionUserId(), true);
	List *names = NIL;
	ListCell *cell;

	/* A list that cannot be read guards everybody: that is noticed at once. */
	if (!role || !SplitIdentifierString(list, ',', &names))
		return true;
	foreach (cell, names)
		if (strcmp(lfirst(cell), role) == 0)
			return true;
	return false;
}

static void guarded_utility(PlannedStmt *planned, const char *query, bool read_only_tree,
                            ProcessUtilityContext context, ParamListInfo params,
                            QueryEnvironment *environment, DestReceiver *destination,
                            QueryCompletion *completion)
{
	/* In this order: a failed transaction can still be rolled back, but reads no catalog. */
	if (!is_allowed(planned->utilityStmt) && session_is_guarded())
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
		                errmsg("this role may not run %s",
		                       GetCommandTagName(CreateCommandTag(planned->utilityStmt)))));
	if (next_utility)
		next_utility(planned, query, read_only_tree, context, params, environment,
		             destination, completion);
	else
		standard_ProcessUtility(planned, query, read_only_tree, context, params,
		                        environment, destination, completion);
}

void guard_init(void)
{
	next_utility = ProcessUtility_hook;
	ProcessUtility_hook = guarded_utility;
}
