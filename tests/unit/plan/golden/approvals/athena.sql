SELECT
  "op",
  COUNT(*),
  LOWER(TO_HEX(MD5(TO_UTF8(LISTAGG("content", '') WITHIN GROUP (ORDER BY
    "content")))))
FROM (
  SELECT
    "op",
    "identity",
    LOWER(
      TO_HEX(
        MD5(
          TO_UTF8(
            CONCAT(
              '1',
              COALESCE('|=' || CAST("op" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("cause" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("identity" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("external_id" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("external_key" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("related_id" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("target_id" AS INTEGER) AS VARCHAR), '|'),
              COALESCE('|=' || CAST("reason" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("transition" AS INTEGER) AS VARCHAR), '|'),
              COALESCE('|=' || CAST("event" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("occurred_at" AS TIMESTAMP(6)) AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("is_quiet" AS BOOLEAN) AS VARCHAR), '|'),
              COALESCE('|=' || CAST("changed" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("expires_from" AS TIMESTAMP(6)) AS VARCHAR), '|'),
              COALESCE('|=' || CAST("zone" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("t_plan" AS VARCHAR) AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("t_visits" AS INTEGER) AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("t_email" AS VARCHAR) AS VARCHAR), '|')
            )
          )
        )
      )
    ) AS "content"
  FROM (
    SELECT
      *
    FROM "shop_activation"."plan_people__mailer"
    WHERE
      "epoch" = 7
  ) AS "p"
  WHERE
    "cause" IN ('new', 'changed')
) AS "w"
GROUP BY
  "op";

SELECT
  "plan_id",
  "epoch",
  "metadata",
  "waits",
  "adds",
  "changes",
  "removes",
  "superseded_by",
  "moved",
  "approved_by",
  "approved_at",
  "finished_at"
FROM "shop_activation"."held_plans"
WHERE
  "sync" = 'people__mailer';

SELECT
  "plan_id",
  "epoch",
  "metadata",
  "waits",
  "adds",
  "changes",
  "removes",
  "superseded_by",
  "moved",
  "approved_by",
  "approved_at",
  "finished_at"
FROM "shop_activation"."held_plans"
WHERE
  "sync" = 'people__mailer';

WITH "activation_waiting" AS (
  SELECT
    "op",
    "identity",
    LOWER(
      TO_HEX(
        MD5(
          TO_UTF8(
            CONCAT(
              '1',
              COALESCE('|=' || CAST("op" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("cause" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("identity" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("external_id" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("external_key" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("related_id" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("target_id" AS INTEGER) AS VARCHAR), '|'),
              COALESCE('|=' || CAST("reason" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("transition" AS INTEGER) AS VARCHAR), '|'),
              COALESCE('|=' || CAST("event" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("occurred_at" AS TIMESTAMP(6)) AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("is_quiet" AS BOOLEAN) AS VARCHAR), '|'),
              COALESCE('|=' || CAST("changed" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("expires_from" AS TIMESTAMP(6)) AS VARCHAR), '|'),
              COALESCE('|=' || CAST("zone" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("t_plan" AS VARCHAR) AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("t_visits" AS INTEGER) AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("t_email" AS VARCHAR) AS VARCHAR), '|')
            )
          )
        )
      )
    ) AS "content"
  FROM (
    SELECT
      *
    FROM "shop_activation"."plan_people__mailer"
    WHERE
      "epoch" = 7
  ) AS "p"
  WHERE
    "cause" IN ('new', 'changed')
), "activation_held" AS (
  SELECT
    "op",
    "identity",
    "content"
  FROM "shop_activation"."held_rows"
  WHERE
    "sync" = 'people__mailer' AND "plan_id" IN ('1c93f0-00000000')
), "activation_known" AS (
  SELECT
    "identity",
    "written_epoch",
    "unconfirmed"
  FROM "shop_activation"."snapshot_people__mailer" AS "s"
)
SELECT
  CASE WHEN "h"."content" IS NULL THEN 'new' ELSE 'changed' END AS "kind",
  COALESCE("s"."written_epoch" > 6 OR NOT "s"."unconfirmed" IS NULL, FALSE) AS "was_sent",
  COUNT(*) AS "found"
FROM "activation_waiting" AS "w"
LEFT JOIN "activation_held" AS "h"
  ON "h"."op" = "w"."op" AND "h"."identity" = "w"."identity"
LEFT JOIN "activation_known" AS "s"
  ON "s"."identity" = "w"."identity"
WHERE
  "h"."content" IS NULL OR "h"."content" <> "w"."content"
GROUP BY
  1,
  2;

WITH "activation_waiting" AS (
  SELECT
    "op",
    "identity",
    LOWER(
      TO_HEX(
        MD5(
          TO_UTF8(
            CONCAT(
              '1',
              COALESCE('|=' || CAST("op" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("cause" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("identity" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("external_id" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("external_key" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("related_id" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("target_id" AS INTEGER) AS VARCHAR), '|'),
              COALESCE('|=' || CAST("reason" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("transition" AS INTEGER) AS VARCHAR), '|'),
              COALESCE('|=' || CAST("event" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("occurred_at" AS TIMESTAMP(6)) AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("is_quiet" AS BOOLEAN) AS VARCHAR), '|'),
              COALESCE('|=' || CAST("changed" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("expires_from" AS TIMESTAMP(6)) AS VARCHAR), '|'),
              COALESCE('|=' || CAST("zone" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("t_plan" AS VARCHAR) AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("t_visits" AS INTEGER) AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("t_email" AS VARCHAR) AS VARCHAR), '|')
            )
          )
        )
      )
    ) AS "content"
  FROM (
    SELECT
      *
    FROM "shop_activation"."plan_people__mailer"
    WHERE
      "epoch" = 7
  ) AS "p"
  WHERE
    "cause" IN ('new', 'changed')
), "activation_held" AS (
  SELECT
    "op",
    "identity",
    "content"
  FROM "shop_activation"."held_rows"
  WHERE
    "sync" = 'people__mailer' AND "plan_id" IN ('1c93f0-00000000')
), "activation_known" AS (
  SELECT
    "identity",
    "written_epoch",
    "unconfirmed"
  FROM "shop_activation"."snapshot_people__mailer" AS "s"
), "activation_held_back" AS (
  SELECT DISTINCT
    "identity"
  FROM (
    SELECT
      "identity"
    FROM (
      SELECT
        "r".*,
        CASE
          WHEN "r"."identity" IS NULL
          THEN 'invalid'
          WHEN "r"."external_key" IS NULL
          THEN 'invalid'
          WHEN "r"."t_plan" IS NULL
          THEN 'invalid'
          ELSE CAST(NULL AS VARCHAR)
        END AS "fate",
        CASE
          WHEN "r"."identity" IS NULL
          THEN 'unidentified'
          WHEN "r"."external_key" IS NULL
          THEN 'address-missing'
          WHEN "r"."t_plan" IS NULL
          THEN 'null-refused'
          ELSE CAST(NULL AS VARCHAR)
        END AS "detail"
      FROM (
        SELECT
          CASE
            WHEN CAST("m"."id" AS VARCHAR) = ''
            OR CAST("m"."id" AS VARCHAR) LIKE ' %'
            OR CAST("m"."id" AS VARCHAR) LIKE '% '
            THEN NULLIF(TRIM(CAST("m"."id" AS VARCHAR)), '')
            ELSE CAST("m"."id" AS VARCHAR)
          END AS "identity",
          TRANSLATE(
            TRIM(BOTH '	
                  　' FROM CASE
              WHEN CAST("m"."email" AS VARCHAR) = ''
              OR CAST("m"."email" AS VARCHAR) LIKE ' %'
              OR CAST("m"."email" AS VARCHAR) LIKE '% '
              THEN NULLIF(TRIM(CAST("m"."email" AS VARCHAR)), '')
              ELSE CAST("m"."email" AS VARCHAR)
            END),
            'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
            'abcdefghijklmnopqrstuvwxyz'
          ) AS "external_key",
          CASE
            WHEN CAST("m"."email" AS VARCHAR) = ''
            OR CAST("m"."email" AS VARCHAR) LIKE ' %'
            OR CAST("m"."email" AS VARCHAR) LIKE '% '
            THEN NULLIF(TRIM(CAST("m"."email" AS VARCHAR)), '')
            ELSE CAST("m"."email" AS VARCHAR)
          END AS "external_id",
          CAST(NULL AS VARCHAR) AS "related_id",
          CAST(NULL AS VARCHAR) AS "reason",
          CAST(NULL AS VARCHAR) AS "event",
          CAST(NULL AS TIMESTAMP(6)) AS "occurred_at",
          "m"."plan" AS "t_plan",
          COALESCE("m"."visits", 0) AS "t_visits",
          "m"."email" AS "t_email"
        FROM "shop"."people" AS "m"
      ) AS "r"
    ) AS "g"
    WHERE
      NOT "fate" IS NULL
  ) AS "b"
)
SELECT
  COALESCE("s"."written_epoch" > 6 OR NOT "s"."unconfirmed" IS NULL, FALSE) AS "was_sent",
  COUNT(*) AS "found"
FROM "activation_held" AS "h"
LEFT JOIN "activation_waiting" AS "w"
  ON "w"."op" = "h"."op" AND "w"."identity" = "h"."identity"
LEFT JOIN "activation_held_back" AS "b"
  ON "b"."identity" = "h"."identity"
LEFT JOIN "activation_known" AS "s"
  ON "s"."identity" = "h"."identity"
WHERE
  "w"."identity" IS NULL AND "b"."identity" IS NULL
GROUP BY
  1;

UPDATE "shop_activation"."held_plans" SET "superseded_by" = 'aa07c8-06662048', "moved" = 'the metadata moved; the snapshot moved: 1 gone'
WHERE
  "sync" = 'people__mailer' AND "plan_id" = '1c93f0-00000000';

DELETE FROM "shop_activation"."held_rows"
WHERE
  "sync" = 'people__mailer' AND "plan_id" = '1c93f0-00000000';

DELETE FROM "shop_activation"."held_rows"
WHERE
  "sync" = 'people__mailer' AND "plan_id" = 'aa07c8-06662048';

DELETE FROM "shop_activation"."held_plans"
WHERE
  "sync" = 'people__mailer' AND "plan_id" = 'aa07c8-06662048';

INSERT INTO "shop_activation"."held_plans" (
  "sync",
  "plan_id",
  "held_at",
  "waits",
  "adds",
  "changes",
  "removes",
  "run_id",
  "epoch",
  "metadata",
  "message"
)
SELECT
  'people__mailer',
  'aa07c8-06662048',
  CAST(AT_TIMEZONE(CURRENT_TIMESTAMP, 'UTC') AS TIMESTAMP(6)),
  'adds and changes',
  0,
  0,
  0,
  'run',
  7,
  '7d907ee58b016d0b',
  'too many';

UPDATE "shop_activation"."syncs" SET "held_plan" = 'aa07c8-06662048'
WHERE
  "sync" = 'people__mailer';

INSERT INTO "shop_activation"."held_rows" (
  "sync",
  "plan_id",
  "op",
  "identity",
  "content"
)
SELECT
  'people__mailer' AS "sync",
  'aa07c8-06662048' AS "plan_id",
  "op",
  "identity",
  "content"
FROM (
  SELECT
    "op",
    "identity",
    LOWER(
      TO_HEX(
        MD5(
          TO_UTF8(
            CONCAT(
              '1',
              COALESCE('|=' || CAST("op" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("cause" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("identity" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("external_id" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("external_key" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("related_id" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("target_id" AS INTEGER) AS VARCHAR), '|'),
              COALESCE('|=' || CAST("reason" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("transition" AS INTEGER) AS VARCHAR), '|'),
              COALESCE('|=' || CAST("event" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("occurred_at" AS TIMESTAMP(6)) AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("is_quiet" AS BOOLEAN) AS VARCHAR), '|'),
              COALESCE('|=' || CAST("changed" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("expires_from" AS TIMESTAMP(6)) AS VARCHAR), '|'),
              COALESCE('|=' || CAST("zone" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("t_plan" AS VARCHAR) AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("t_visits" AS INTEGER) AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("t_email" AS VARCHAR) AS VARCHAR), '|')
            )
          )
        )
      )
    ) AS "content"
  FROM (
    SELECT
      *
    FROM "shop_activation"."plan_people__mailer"
    WHERE
      "epoch" = 7
  ) AS "p"
  WHERE
    "cause" IN ('new', 'changed')
) AS "w";

UPDATE "shop_activation"."held_plans" SET "approved_run" = 'run', "approved_by" = 'me', "approved_at" = CAST(AT_TIMEZONE(CURRENT_TIMESTAMP, 'UTC') AS TIMESTAMP(6))
WHERE
  "sync" = 'people__mailer' AND "plan_id" = 'aa07c8-06662048';

WITH "activation_waiting" AS (
  SELECT
    "op",
    "identity",
    LOWER(
      TO_HEX(
        MD5(
          TO_UTF8(
            CONCAT(
              '1',
              COALESCE('|=' || CAST("op" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("cause" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("identity" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("external_id" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("external_key" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("related_id" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("target_id" AS INTEGER) AS VARCHAR), '|'),
              COALESCE('|=' || CAST("reason" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("transition" AS INTEGER) AS VARCHAR), '|'),
              COALESCE('|=' || CAST("event" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("occurred_at" AS TIMESTAMP(6)) AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("is_quiet" AS BOOLEAN) AS VARCHAR), '|'),
              COALESCE('|=' || CAST("changed" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("expires_from" AS TIMESTAMP(6)) AS VARCHAR), '|'),
              COALESCE('|=' || CAST("zone" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("t_plan" AS VARCHAR) AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("t_visits" AS INTEGER) AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("t_email" AS VARCHAR) AS VARCHAR), '|')
            )
          )
        )
      )
    ) AS "content"
  FROM (
    SELECT
      *
    FROM "shop_activation"."plan_people__mailer"
    WHERE
      "epoch" = 7
  ) AS "p"
  WHERE
    "cause" IN ('left', 'new', 'changed')
), "activation_held" AS (
  SELECT
    "op",
    "identity",
    "content"
  FROM "shop_activation"."held_rows"
  WHERE
    "sync" = 'people__mailer' AND "plan_id" IN ('1c93f0-00000000')
)
SELECT
  "w"."op",
  COUNT(*) AS "found"
FROM "activation_waiting" AS "w"
INNER JOIN "activation_held" AS "h"
  ON "h"."op" = "w"."op" AND "h"."identity" = "w"."identity"
GROUP BY
  "w"."op";

UPDATE "shop_activation"."held_plans" SET "finished_at" = CAST(AT_TIMEZONE(CURRENT_TIMESTAMP, 'UTC') AS TIMESTAMP(6))
WHERE
  "sync" = 'people__mailer' AND "finished_at" IS NULL;

DELETE FROM "shop_activation"."held_rows"
WHERE
  "sync" = 'people__mailer';

UPDATE "shop_activation"."syncs" SET "held_plan" = CAST(NULL AS VARCHAR)
WHERE
  "sync" = 'people__mailer';

SELECT
  "op",
  COUNT(*),
  LOWER(TO_HEX(MD5(TO_UTF8(LISTAGG("content", '') WITHIN GROUP (ORDER BY
    "content")))))
FROM (
  SELECT
    "op",
    "identity",
    LOWER(
      TO_HEX(
        MD5(
          TO_UTF8(
            CONCAT(
              '1',
              COALESCE('|=' || CAST("op" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("cause" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("identity" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("external_id" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("external_key" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("related_id" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("target_id" AS INTEGER) AS VARCHAR), '|'),
              COALESCE('|=' || CAST("reason" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("transition" AS INTEGER) AS VARCHAR), '|'),
              COALESCE('|=' || CAST("event" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("occurred_at" AS TIMESTAMP(6)) AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("is_quiet" AS BOOLEAN) AS VARCHAR), '|'),
              COALESCE('|=' || CAST("changed" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("expires_from" AS TIMESTAMP(6)) AS VARCHAR), '|'),
              COALESCE('|=' || CAST("zone" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("t_plan" AS VARCHAR) AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("t_visits" AS INTEGER) AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("t_email" AS VARCHAR) AS VARCHAR), '|')
            )
          )
        )
      )
    ) AS "content"
  FROM (
    SELECT
      *
    FROM "shop_activation"."plan_people__mailer"
    WHERE
      "epoch" = 7
  ) AS "p"
  WHERE
    "cause" IN ('left')
) AS "w"
GROUP BY
  "op";

SELECT
  "plan_id",
  "epoch",
  "metadata",
  "waits",
  "adds",
  "changes",
  "removes",
  "superseded_by",
  "moved",
  "approved_by",
  "approved_at",
  "finished_at"
FROM "shop_activation"."held_plans"
WHERE
  "sync" = 'people__mailer';

SELECT
  "op",
  COUNT(*),
  LOWER(TO_HEX(MD5(TO_UTF8(LISTAGG("content", '') WITHIN GROUP (ORDER BY
    "content")))))
FROM (
  SELECT
    "op",
    "identity",
    LOWER(
      TO_HEX(
        MD5(
          TO_UTF8(
            CONCAT(
              '1',
              COALESCE('|=' || CAST("op" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("cause" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("identity" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("external_id" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("external_key" AS VARCHAR), '|'),
              COALESCE('|=' || CAST("related_id" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("target_id" AS INTEGER) AS VARCHAR), '|'),
              COALESCE('|=' || CAST("reason" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("transition" AS INTEGER) AS VARCHAR), '|'),
              COALESCE('|=' || CAST("event" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("occurred_at" AS TIMESTAMP(6)) AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("is_quiet" AS BOOLEAN) AS VARCHAR), '|'),
              COALESCE('|=' || CAST("changed" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("expires_from" AS TIMESTAMP(6)) AS VARCHAR), '|'),
              COALESCE('|=' || CAST("zone" AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("t_plan" AS VARCHAR) AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("t_visits" AS INTEGER) AS VARCHAR), '|'),
              COALESCE('|=' || CAST(CAST("t_email" AS VARCHAR) AS VARCHAR), '|')
            )
          )
        )
      )
    ) AS "content"
  FROM (
    SELECT
      *
    FROM "shop_activation"."plan_people__mailer"
    WHERE
      "epoch" = 7
  ) AS "p"
  WHERE
    "cause" IN ('new', 'changed')
) AS "w"
GROUP BY
  "op";

SELECT
  "plan_id",
  "epoch",
  "metadata",
  "waits",
  "adds",
  "changes",
  "removes",
  "superseded_by",
  "moved",
  "approved_by",
  "approved_at",
  "finished_at"
FROM "shop_activation"."held_plans"
WHERE
  "sync" = 'people__mailer';

DELETE FROM "shop_activation"."held_plans"
WHERE
  "sync" = 'people__mailer' AND "plan_id" = 'aa07c8-c6e12f68';

INSERT INTO "shop_activation"."held_plans" (
  "sync",
  "plan_id",
  "held_at",
  "waits",
  "adds",
  "changes",
  "removes",
  "run_id",
  "epoch",
  "metadata",
  "message"
)
SELECT
  'people__mailer',
  'aa07c8-c6e12f68',
  CAST(AT_TIMEZONE(CURRENT_TIMESTAMP, 'UTC') AS TIMESTAMP(6)),
  'everything',
  1,
  1,
  1,
  'run',
  7,
  '7d907ee58b016d0b',
  'applied from a file';

UPDATE "shop_activation"."syncs" SET "held_plan" = 'aa07c8-c6e12f68'
WHERE
  "sync" = 'people__mailer';

UPDATE "shop_activation"."held_plans" SET "approved_run" = 'run', "approved_by" = 'me', "approved_at" = CAST(AT_TIMEZONE(CURRENT_TIMESTAMP, 'UTC') AS TIMESTAMP(6))
WHERE
  "sync" = 'people__mailer' AND "plan_id" = 'aa07c8-c6e12f68';

WITH "activation_runs" AS (
  SELECT
    *,
    CAST(CAST("started_at" + INTERVAL '7200' SECOND AS DATE) AS VARCHAR) AS "day"
  FROM "shop_activation"."run_syncs"
  WHERE
    "sync" = 'people__mailer'
    AND NOT "judged_adds" IS NULL
    AND "started_at" >= CAST('2026-10-23 22:00:00.000000' AS TIMESTAMP(6))
    AND "started_at" < CAST('2026-10-25 01:00:00.000000' AS TIMESTAMP(6))
  UNION ALL
  SELECT
    *,
    CAST(CAST("started_at" + INTERVAL '3600' SECOND AS DATE) AS VARCHAR) AS "day"
  FROM "shop_activation"."run_syncs"
  WHERE
    "sync" = 'people__mailer'
    AND NOT "judged_adds" IS NULL
    AND "started_at" >= CAST('2026-10-25 01:00:00.000000' AS TIMESTAMP(6))
    AND "started_at" < CAST('2026-10-25 23:00:00.000000' AS TIMESTAMP(6))
)
SELECT
  "day",
  MAX(CASE WHEN "is_learned" THEN "earlier_adds" + "judged_adds" END) AS "adds",
  MAX(CASE WHEN "is_learned" THEN "earlier_changes" + "judged_changes" END) AS "changes",
  MAX(CASE WHEN "is_learned" THEN "earlier_removes" + "judged_removes" END) AS "removes",
  MAX(CASE WHEN "is_learned" AND NOT "approved_by" IS NULL THEN 1 ELSE 0 END) AS "approved",
  SUM(CASE WHEN "part" = "parts" THEN "sent_adds" ELSE 0 END) AS "sent_adds",
  SUM(CASE WHEN "part" = "parts" THEN "sent_changes" ELSE 0 END) AS "sent_changes",
  SUM(CASE WHEN "part" = "parts" THEN "sent_removes" ELSE 0 END) AS "sent_removes"
FROM (
  SELECT
    *,
    COALESCE(
      SUM("sent_adds") OVER (
        PARTITION BY "day", "part"
        ORDER BY "epoch" NULLS FIRST
        rows BETWEEN UNBOUNDED preceding AND 1 preceding
      ),
      0
    ) AS "earlier_adds",
    COALESCE(
      SUM("sent_changes") OVER (
        PARTITION BY "day", "part"
        ORDER BY "epoch" NULLS FIRST
        rows BETWEEN UNBOUNDED preceding AND 1 preceding
      ),
      0
    ) AS "earlier_changes",
    COALESCE(
      SUM("sent_removes") OVER (
        PARTITION BY "day", "part"
        ORDER BY "epoch" NULLS FIRST
        rows BETWEEN UNBOUNDED preceding AND 1 preceding
      ),
      0
    ) AS "earlier_removes"
  FROM (
    SELECT
      "r"."day",
      "r"."epoch",
      "r"."approved_by",
      "r"."status" <> 'held' OR NOT "r"."approved_by" IS NULL AS "is_learned",
      "r"."judged_adds",
      "r"."judged_changes",
      "r"."judged_removes",
      "r"."sent_adds",
      "r"."sent_changes",
      "r"."sent_removes",
      COALESCE(
        COUNT("r"."approved_by") OVER (
          PARTITION BY "r"."day"
          ORDER BY "r"."epoch" NULLS FIRST
          rows BETWEEN UNBOUNDED preceding AND 1 preceding
        ),
        0
      ) AS "part",
      COUNT("r"."approved_by") OVER (PARTITION BY "r"."day") AS "parts"
    FROM "activation_runs" AS "r"
  ) AS "parted"
) AS "summed"
GROUP BY
  "day";
