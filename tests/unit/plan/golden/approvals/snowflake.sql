SELECT
  "OP",
  COUNT(*),
  MD5(LISTAGG("CONTENT", '') WITHIN GROUP (ORDER BY
    "CONTENT"))
FROM (
  SELECT
    "OP",
    "IDENTITY",
    MD5(
      CONCAT(
        '1',
        COALESCE('|=' || CAST("OP" AS VARCHAR), '|'),
        COALESCE('|=' || CAST("CAUSE" AS VARCHAR), '|'),
        COALESCE('|=' || CAST("IDENTITY" AS VARCHAR), '|'),
        COALESCE('|=' || CAST("EXTERNAL_ID" AS VARCHAR), '|'),
        COALESCE('|=' || CAST("EXTERNAL_KEY" AS VARCHAR), '|'),
        COALESCE('|=' || CAST("RELATED_ID" AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("TARGET_ID" AS INT) AS VARCHAR), '|'),
        COALESCE('|=' || CAST("REASON" AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("TRANSITION" AS INT) AS VARCHAR), '|'),
        COALESCE('|=' || CAST("EVENT" AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("OCCURRED_AT" AS TIMESTAMP) AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("IS_QUIET" AS BOOLEAN) AS VARCHAR), '|'),
        COALESCE('|=' || CAST("CHANGED" AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("EXPIRES_FROM" AS TIMESTAMP) AS VARCHAR), '|'),
        COALESCE('|=' || CAST("ZONE" AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("T_PLAN" AS VARCHAR) AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("T_VISITS" AS INT) AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("T_EMAIL" AS VARCHAR) AS VARCHAR), '|')
      )
    ) AS "CONTENT"
  FROM (
    SELECT
      *
    FROM "SHOP_ACTIVATION"."PLAN_PEOPLE__MAILER"
    WHERE
      "EPOCH" = 7
  ) AS "P"
  WHERE
    "CAUSE" IN ('new', 'changed')
) AS "W"
GROUP BY
  "OP";

SELECT
  "PLAN_ID",
  "EPOCH",
  "METADATA",
  "WAITS",
  "ADDS",
  "CHANGES",
  "REMOVES",
  "SUPERSEDED_BY",
  "MOVED",
  "APPROVED_BY",
  "APPROVED_AT",
  "FINISHED_AT"
FROM "SHOP_ACTIVATION"."HELD_PLANS"
WHERE
  "SYNC" = 'people__mailer';

SELECT
  "PLAN_ID",
  "EPOCH",
  "METADATA",
  "WAITS",
  "ADDS",
  "CHANGES",
  "REMOVES",
  "SUPERSEDED_BY",
  "MOVED",
  "APPROVED_BY",
  "APPROVED_AT",
  "FINISHED_AT"
FROM "SHOP_ACTIVATION"."HELD_PLANS"
WHERE
  "SYNC" = 'people__mailer';

WITH "ACTIVATION_WAITING" AS (
  SELECT
    "OP",
    "IDENTITY",
    MD5(
      CONCAT(
        '1',
        COALESCE('|=' || CAST("OP" AS VARCHAR), '|'),
        COALESCE('|=' || CAST("CAUSE" AS VARCHAR), '|'),
        COALESCE('|=' || CAST("IDENTITY" AS VARCHAR), '|'),
        COALESCE('|=' || CAST("EXTERNAL_ID" AS VARCHAR), '|'),
        COALESCE('|=' || CAST("EXTERNAL_KEY" AS VARCHAR), '|'),
        COALESCE('|=' || CAST("RELATED_ID" AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("TARGET_ID" AS INT) AS VARCHAR), '|'),
        COALESCE('|=' || CAST("REASON" AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("TRANSITION" AS INT) AS VARCHAR), '|'),
        COALESCE('|=' || CAST("EVENT" AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("OCCURRED_AT" AS TIMESTAMP) AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("IS_QUIET" AS BOOLEAN) AS VARCHAR), '|'),
        COALESCE('|=' || CAST("CHANGED" AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("EXPIRES_FROM" AS TIMESTAMP) AS VARCHAR), '|'),
        COALESCE('|=' || CAST("ZONE" AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("T_PLAN" AS VARCHAR) AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("T_VISITS" AS INT) AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("T_EMAIL" AS VARCHAR) AS VARCHAR), '|')
      )
    ) AS "CONTENT"
  FROM (
    SELECT
      *
    FROM "SHOP_ACTIVATION"."PLAN_PEOPLE__MAILER"
    WHERE
      "EPOCH" = 7
  ) AS "P"
  WHERE
    "CAUSE" IN ('new', 'changed')
), "ACTIVATION_HELD" AS (
  SELECT
    "OP",
    "IDENTITY",
    "CONTENT"
  FROM "SHOP_ACTIVATION"."HELD_ROWS"
  WHERE
    "SYNC" = 'people__mailer' AND "PLAN_ID" IN ('1c93f0-00000000')
), "ACTIVATION_KNOWN" AS (
  SELECT
    "IDENTITY",
    "WRITTEN_EPOCH",
    "UNCONFIRMED"
  FROM "SHOP_ACTIVATION"."SNAPSHOT_PEOPLE__MAILER" AS "S"
)
SELECT
  CASE WHEN "H"."CONTENT" IS NULL THEN 'new' ELSE 'changed' END AS "KIND",
  COALESCE("S"."WRITTEN_EPOCH" > 6 OR NOT "S"."UNCONFIRMED" IS NULL, FALSE) AS "WAS_SENT",
  COUNT(*) AS "FOUND"
FROM "ACTIVATION_WAITING" AS "W"
LEFT JOIN "ACTIVATION_HELD" AS "H"
  ON "H"."OP" = "W"."OP" AND "H"."IDENTITY" = "W"."IDENTITY"
LEFT JOIN "ACTIVATION_KNOWN" AS "S"
  ON "S"."IDENTITY" = "W"."IDENTITY"
WHERE
  "H"."CONTENT" IS NULL OR "H"."CONTENT" <> "W"."CONTENT"
GROUP BY
  1,
  2;

WITH "ACTIVATION_WAITING" AS (
  SELECT
    "OP",
    "IDENTITY",
    MD5(
      CONCAT(
        '1',
        COALESCE('|=' || CAST("OP" AS VARCHAR), '|'),
        COALESCE('|=' || CAST("CAUSE" AS VARCHAR), '|'),
        COALESCE('|=' || CAST("IDENTITY" AS VARCHAR), '|'),
        COALESCE('|=' || CAST("EXTERNAL_ID" AS VARCHAR), '|'),
        COALESCE('|=' || CAST("EXTERNAL_KEY" AS VARCHAR), '|'),
        COALESCE('|=' || CAST("RELATED_ID" AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("TARGET_ID" AS INT) AS VARCHAR), '|'),
        COALESCE('|=' || CAST("REASON" AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("TRANSITION" AS INT) AS VARCHAR), '|'),
        COALESCE('|=' || CAST("EVENT" AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("OCCURRED_AT" AS TIMESTAMP) AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("IS_QUIET" AS BOOLEAN) AS VARCHAR), '|'),
        COALESCE('|=' || CAST("CHANGED" AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("EXPIRES_FROM" AS TIMESTAMP) AS VARCHAR), '|'),
        COALESCE('|=' || CAST("ZONE" AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("T_PLAN" AS VARCHAR) AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("T_VISITS" AS INT) AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("T_EMAIL" AS VARCHAR) AS VARCHAR), '|')
      )
    ) AS "CONTENT"
  FROM (
    SELECT
      *
    FROM "SHOP_ACTIVATION"."PLAN_PEOPLE__MAILER"
    WHERE
      "EPOCH" = 7
  ) AS "P"
  WHERE
    "CAUSE" IN ('new', 'changed')
), "ACTIVATION_HELD" AS (
  SELECT
    "OP",
    "IDENTITY",
    "CONTENT"
  FROM "SHOP_ACTIVATION"."HELD_ROWS"
  WHERE
    "SYNC" = 'people__mailer' AND "PLAN_ID" IN ('1c93f0-00000000')
), "ACTIVATION_KNOWN" AS (
  SELECT
    "IDENTITY",
    "WRITTEN_EPOCH",
    "UNCONFIRMED"
  FROM "SHOP_ACTIVATION"."SNAPSHOT_PEOPLE__MAILER" AS "S"
), "ACTIVATION_HELD_BACK" AS (
  SELECT DISTINCT
    "IDENTITY"
  FROM (
    SELECT
      "IDENTITY"
    FROM (
      SELECT
        "R".*,
        CASE
          WHEN "R"."IDENTITY" IS NULL
          THEN 'invalid'
          WHEN "R"."EXTERNAL_KEY" IS NULL
          THEN 'invalid'
          WHEN "R"."T_PLAN" IS NULL
          THEN 'invalid'
          ELSE CAST(NULL AS VARCHAR)
        END AS "FATE",
        CASE
          WHEN "R"."IDENTITY" IS NULL
          THEN 'unidentified'
          WHEN "R"."EXTERNAL_KEY" IS NULL
          THEN 'address-missing'
          WHEN "R"."T_PLAN" IS NULL
          THEN 'null-refused'
          ELSE CAST(NULL AS VARCHAR)
        END AS "DETAIL",
        CASE
          WHEN "R"."IDENTITY" IS NULL OR "R"."EXTERNAL_KEY" IS NULL OR "R"."T_PLAN" IS NULL
          THEN NULL
          ELSE HASH(
            CAST('3;snowflake 1;e9502b6c79a9d6a966d008ae267e0ef0' AS VARCHAR),
            "R"."IDENTITY",
            "R"."EXTERNAL_KEY",
            "R"."T_EMAIL",
            "R"."T_PLAN",
            "R"."T_VISITS"
          )
        END AS "FINGERPRINT"
      FROM (
        SELECT
          CASE
            WHEN CAST("M"."ID" AS VARCHAR) = ''
            OR CAST("M"."ID" AS VARCHAR) LIKE ' %'
            OR CAST("M"."ID" AS VARCHAR) LIKE '% '
            THEN NULLIF(TRIM(CAST("M"."ID" AS VARCHAR)), '')
            ELSE CAST("M"."ID" AS VARCHAR)
          END AS "IDENTITY",
          TRANSLATE(
            TRIM(
              CASE
                WHEN CAST("M"."EMAIL" AS VARCHAR) = ''
                OR CAST("M"."EMAIL" AS VARCHAR) LIKE ' %'
                OR CAST("M"."EMAIL" AS VARCHAR) LIKE '% '
                THEN NULLIF(TRIM(CAST("M"."EMAIL" AS VARCHAR)), '')
                ELSE CAST("M"."EMAIL" AS VARCHAR)
              END,
              '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　'
            ),
            'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
            'abcdefghijklmnopqrstuvwxyz'
          ) AS "EXTERNAL_KEY",
          CASE
            WHEN CAST("M"."EMAIL" AS VARCHAR) = ''
            OR CAST("M"."EMAIL" AS VARCHAR) LIKE ' %'
            OR CAST("M"."EMAIL" AS VARCHAR) LIKE '% '
            THEN NULLIF(TRIM(CAST("M"."EMAIL" AS VARCHAR)), '')
            ELSE CAST("M"."EMAIL" AS VARCHAR)
          END AS "EXTERNAL_ID",
          CAST(NULL AS VARCHAR) AS "RELATED_ID",
          CAST(NULL AS VARCHAR) AS "REASON",
          CAST(NULL AS VARCHAR) AS "EVENT",
          CAST(NULL AS TIMESTAMP) AS "OCCURRED_AT",
          "M"."PLAN" AS "T_PLAN",
          COALESCE("M"."VISITS", 0) AS "T_VISITS",
          "M"."EMAIL" AS "T_EMAIL"
        FROM "SHOP"."PEOPLE" AS "M"
      ) AS "R"
    ) AS "G"
    WHERE
      NOT "FATE" IS NULL
  ) AS "B"
)
SELECT
  COALESCE("S"."WRITTEN_EPOCH" > 6 OR NOT "S"."UNCONFIRMED" IS NULL, FALSE) AS "WAS_SENT",
  COUNT(*) AS "FOUND"
FROM "ACTIVATION_HELD" AS "H"
LEFT JOIN "ACTIVATION_WAITING" AS "W"
  ON "W"."OP" = "H"."OP" AND "W"."IDENTITY" = "H"."IDENTITY"
LEFT JOIN "ACTIVATION_HELD_BACK" AS "B"
  ON "B"."IDENTITY" = "H"."IDENTITY"
LEFT JOIN "ACTIVATION_KNOWN" AS "S"
  ON "S"."IDENTITY" = "H"."IDENTITY"
WHERE
  "W"."IDENTITY" IS NULL AND "B"."IDENTITY" IS NULL
GROUP BY
  1;

UPDATE "SHOP_ACTIVATION"."HELD_PLANS" SET "SUPERSEDED_BY" = 'aa07c8-06662048', "MOVED" = 'the metadata moved; the snapshot moved: 1 gone'
WHERE
  "SYNC" = 'people__mailer' AND "PLAN_ID" = '1c93f0-00000000';

DELETE FROM "SHOP_ACTIVATION"."HELD_ROWS"
WHERE
  "SYNC" = 'people__mailer' AND "PLAN_ID" = '1c93f0-00000000';

DELETE FROM "SHOP_ACTIVATION"."HELD_PLANS"
WHERE
  "SYNC" = 'people__mailer' AND "PLAN_ID" = 'aa07c8-06662048';

DELETE FROM "SHOP_ACTIVATION"."HELD_ROWS"
WHERE
  "SYNC" = 'people__mailer' AND "PLAN_ID" = 'aa07c8-06662048';

INSERT INTO "SHOP_ACTIVATION"."HELD_PLANS" (
  "SYNC",
  "PLAN_ID",
  "HELD_AT",
  "WAITS",
  "ADDS",
  "CHANGES",
  "REMOVES",
  "RUN_ID",
  "EPOCH",
  "METADATA",
  "MESSAGE"
)
SELECT
  'people__mailer',
  'aa07c8-06662048',
  CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP),
  'adds and changes',
  0,
  0,
  0,
  'run',
  7,
  '7d907ee58b016d0b',
  'too many';

UPDATE "SHOP_ACTIVATION"."SYNCS" SET "HELD_PLAN" = 'aa07c8-06662048'
WHERE
  "SYNC" = 'people__mailer';

INSERT INTO "SHOP_ACTIVATION"."HELD_ROWS" (
  "SYNC",
  "PLAN_ID",
  "OP",
  "IDENTITY",
  "CONTENT"
)
SELECT
  'people__mailer' AS "SYNC",
  'aa07c8-06662048' AS "PLAN_ID",
  "OP",
  "IDENTITY",
  "CONTENT"
FROM (
  SELECT
    "OP",
    "IDENTITY",
    MD5(
      CONCAT(
        '1',
        COALESCE('|=' || CAST("OP" AS VARCHAR), '|'),
        COALESCE('|=' || CAST("CAUSE" AS VARCHAR), '|'),
        COALESCE('|=' || CAST("IDENTITY" AS VARCHAR), '|'),
        COALESCE('|=' || CAST("EXTERNAL_ID" AS VARCHAR), '|'),
        COALESCE('|=' || CAST("EXTERNAL_KEY" AS VARCHAR), '|'),
        COALESCE('|=' || CAST("RELATED_ID" AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("TARGET_ID" AS INT) AS VARCHAR), '|'),
        COALESCE('|=' || CAST("REASON" AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("TRANSITION" AS INT) AS VARCHAR), '|'),
        COALESCE('|=' || CAST("EVENT" AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("OCCURRED_AT" AS TIMESTAMP) AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("IS_QUIET" AS BOOLEAN) AS VARCHAR), '|'),
        COALESCE('|=' || CAST("CHANGED" AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("EXPIRES_FROM" AS TIMESTAMP) AS VARCHAR), '|'),
        COALESCE('|=' || CAST("ZONE" AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("T_PLAN" AS VARCHAR) AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("T_VISITS" AS INT) AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("T_EMAIL" AS VARCHAR) AS VARCHAR), '|')
      )
    ) AS "CONTENT"
  FROM (
    SELECT
      *
    FROM "SHOP_ACTIVATION"."PLAN_PEOPLE__MAILER"
    WHERE
      "EPOCH" = 7
  ) AS "P"
  WHERE
    "CAUSE" IN ('new', 'changed')
) AS "W";

UPDATE "SHOP_ACTIVATION"."HELD_PLANS" SET "APPROVED_RUN" = 'run', "APPROVED_BY" = 'me', "APPROVED_AT" = CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP)
WHERE
  "SYNC" = 'people__mailer' AND "PLAN_ID" = 'aa07c8-06662048';

WITH "ACTIVATION_WAITING" AS (
  SELECT
    "OP",
    "IDENTITY",
    MD5(
      CONCAT(
        '1',
        COALESCE('|=' || CAST("OP" AS VARCHAR), '|'),
        COALESCE('|=' || CAST("CAUSE" AS VARCHAR), '|'),
        COALESCE('|=' || CAST("IDENTITY" AS VARCHAR), '|'),
        COALESCE('|=' || CAST("EXTERNAL_ID" AS VARCHAR), '|'),
        COALESCE('|=' || CAST("EXTERNAL_KEY" AS VARCHAR), '|'),
        COALESCE('|=' || CAST("RELATED_ID" AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("TARGET_ID" AS INT) AS VARCHAR), '|'),
        COALESCE('|=' || CAST("REASON" AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("TRANSITION" AS INT) AS VARCHAR), '|'),
        COALESCE('|=' || CAST("EVENT" AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("OCCURRED_AT" AS TIMESTAMP) AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("IS_QUIET" AS BOOLEAN) AS VARCHAR), '|'),
        COALESCE('|=' || CAST("CHANGED" AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("EXPIRES_FROM" AS TIMESTAMP) AS VARCHAR), '|'),
        COALESCE('|=' || CAST("ZONE" AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("T_PLAN" AS VARCHAR) AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("T_VISITS" AS INT) AS VARCHAR), '|'),
        COALESCE('|=' || CAST(CAST("T_EMAIL" AS VARCHAR) AS VARCHAR), '|')
      )
    ) AS "CONTENT"
  FROM (
    SELECT
      *
    FROM "SHOP_ACTIVATION"."PLAN_PEOPLE__MAILER"
    WHERE
      "EPOCH" = 7
  ) AS "P"
  WHERE
    "CAUSE" IN ('left', 'new', 'changed')
), "ACTIVATION_HELD" AS (
  SELECT
    "OP",
    "IDENTITY",
    "CONTENT"
  FROM "SHOP_ACTIVATION"."HELD_ROWS"
  WHERE
    "SYNC" = 'people__mailer' AND "PLAN_ID" IN ('1c93f0-00000000')
)
SELECT
  "W"."OP",
  COUNT(*) AS "FOUND"
FROM "ACTIVATION_WAITING" AS "W"
INNER JOIN "ACTIVATION_HELD" AS "H"
  ON "H"."OP" = "W"."OP" AND "H"."IDENTITY" = "W"."IDENTITY"
GROUP BY
  "W"."OP";

UPDATE "SHOP_ACTIVATION"."HELD_PLANS" SET "FINISHED_AT" = CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP)
WHERE
  "SYNC" = 'people__mailer' AND "FINISHED_AT" IS NULL;

DELETE FROM "SHOP_ACTIVATION"."HELD_ROWS"
WHERE
  "SYNC" = 'people__mailer';

UPDATE "SHOP_ACTIVATION"."SYNCS" SET "HELD_PLAN" = CAST(NULL AS VARCHAR)
WHERE
  "SYNC" = 'people__mailer';
