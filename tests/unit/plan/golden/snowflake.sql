CREATE TABLE IF NOT EXISTS "SHOP_ACTIVATION"."LEASES" (
  "SYNC" VARCHAR,
  "EPOCH" BIGINT,
  "OWNER" VARCHAR,
  "HOST" VARCHAR,
  "PROCESS" VARCHAR,
  "VERSION" VARCHAR,
  "ACQUIRED_AT" TIMESTAMP,
  "EXPIRES_AT" TIMESTAMP,
  "IS_RELEASED" BOOLEAN,
  "INSTALLATION" VARCHAR,
  "PROJECT" VARCHAR,
  "TARGET" VARCHAR,
  "TOKEN" VARCHAR,
  "LATE_EPOCH" BIGINT,
  "KNOWN_EPOCH" BIGINT
);

CREATE TABLE IF NOT EXISTS "SHOP_ACTIVATION"."SYNCS" (
  "SYNC" VARCHAR,
  "MODEL" VARCHAR,
  "DESTINATION" VARCHAR,
  "KIND" VARCHAR,
  "IDENTITY" VARCHAR,
  "IDENTIFY_BY" VARCHAR,
  "ACCOUNT" VARCHAR,
  "DEFINITION" VARCHAR,
  "DEFINITION_VERSION" INT,
  "RECIPE" VARCHAR,
  "COLUMNS" VARCHAR,
  "MAPPING" VARCHAR,
  "BASELINED_AT" TIMESTAMP,
  "COMPLETED_AT" TIMESTAMP,
  "EPOCH" BIGINT,
  "INSTALLATION" VARCHAR,
  "PROJECT" VARCHAR,
  "TARGET" VARCHAR,
  "PLANNED_EPOCH" BIGINT,
  "SETTLED_EPOCH" BIGINT,
  "GROWN_EPOCH" BIGINT,
  "SEEN" VARCHAR,
  "HELD_PLAN" VARCHAR,
  "WROTE" VARCHAR,
  "ANSWERED" VARCHAR,
  "COMPILED" VARCHAR
);

SELECT
  "EPOCH",
  "OWNER",
  "HOST",
  "PROCESS",
  "VERSION",
  "ACQUIRED_AT",
  "EXPIRES_AT",
  "IS_RELEASED",
  "EXPIRES_AT" + INTERVAL '30 SECOND' < CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP) AS "IS_EXPIRED",
  COALESCE("TOKEN", '') AS "TOKENS",
  COALESCE("LATE_EPOCH", 0) AS "LATE",
  COALESCE("KNOWN_EPOCH", 0) AS "KNOWN"
FROM "SHOP_ACTIVATION"."LEASES"
WHERE
  "SYNC" = 'people__mailer'
ORDER BY
  "EPOCH" DESC NULLS LAST;

UPDATE "SHOP_ACTIVATION"."LEASES" SET "OWNER" = 'me', "HOST" = 'here', "PROCESS" = '1', "VERSION" = '1', "EPOCH" = 7, "TOKEN" = 'token', "LATE_EPOCH" = 1, "KNOWN_EPOCH" = 0, "ACQUIRED_AT" = CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP), "EXPIRES_AT" = CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP) + INTERVAL '120 SECOND', "IS_RELEASED" = FALSE
WHERE
  "SYNC" = 'people__mailer' AND "EPOCH" = 1 AND COALESCE("TOKEN", '') = 'x';

SELECT
  "EPOCH",
  "OWNER",
  "HOST",
  "PROCESS",
  "VERSION",
  "ACQUIRED_AT",
  "EXPIRES_AT",
  "IS_RELEASED",
  "EXPIRES_AT" + INTERVAL '30 SECOND' < CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP) AS "IS_EXPIRED",
  COALESCE("TOKEN", '') AS "TOKENS",
  COALESCE("LATE_EPOCH", 0) AS "LATE",
  COALESCE("KNOWN_EPOCH", 0) AS "KNOWN"
FROM "SHOP_ACTIVATION"."LEASES"
WHERE
  "SYNC" = 'people__mailer'
ORDER BY
  "EPOCH" DESC NULLS LAST;

CREATE TABLE IF NOT EXISTS "SHOP_ACTIVATION"."SNAPSHOT_PEOPLE__MAILER" (
  "IDENTITY" VARCHAR,
  "EXTERNAL_ID" VARCHAR,
  "EXTERNAL_KEY" VARCHAR,
  "RELATED_ID" VARCHAR,
  "TARGET_ID" INT,
  "FINGERPRINT" DECIMAL(38, 0),
  "ATTEMPTED" DECIMAL(38, 0),
  "ATTEMPTED_OP" VARCHAR,
  "IS_MEMBER" BOOLEAN,
  "HAS_ENTERED" BOOLEAN,
  "ENTRIES" INT,
  "FIRST_ENTERED_AT" TIMESTAMP,
  "LAST_ENTERED_AT" TIMESTAMP,
  "LAST_EXITED_AT" TIMESTAMP,
  "ACKNOWLEDGED_AT" TIMESTAMP,
  "DEFINITION_VERSION" INT,
  "UNCONFIRMED" VARCHAR,
  "UNSURE" VARCHAR,
  "TO_REPEAT" INT,
  "ORIGIN_EPOCH" BIGINT,
  "WRITTEN_EPOCH" BIGINT,
  "REMOTE_ID" VARCHAR,
  "T_PLAN" VARCHAR,
  "T_VISITS" INT,
  "T_EMAIL" VARCHAR,
  "T_OLD" VARCHAR,
  "T_VISITS_2" VARCHAR
);

CREATE TABLE IF NOT EXISTS "SHOP_ACTIVATION"."ACKS_PEOPLE__MAILER" (
  "EPOCH" BIGINT,
  "FLUSH_ID" INT,
  "SEQ" BIGINT,
  "OUTCOME" VARCHAR,
  "CODE" VARCHAR,
  "REASON" VARCHAR,
  "REMOTE_ID" VARCHAR,
  "ANSWERED_AT" TIMESTAMP
);

DROP TABLE IF EXISTS "SHOP_ACTIVATION"."PLAN_PEOPLE__MAILER";

CREATE TABLE IF NOT EXISTS "SHOP_ACTIVATION"."PLAN_PEOPLE__MAILER" (
  "EPOCH" BIGINT,
  "SEQ" BIGINT,
  "OP" VARCHAR,
  "CAUSE" VARCHAR,
  "IDENTITY" VARCHAR,
  "EXTERNAL_ID" VARCHAR,
  "EXTERNAL_KEY" VARCHAR,
  "RELATED_ID" VARCHAR,
  "TARGET_ID" INT,
  "REASON" VARCHAR,
  "TRANSITION" INT,
  "ORIGIN_EPOCH" BIGINT,
  "TO_REPEAT" INT,
  "FINGERPRINT" DECIMAL(38, 0),
  "EVENT" VARCHAR,
  "OCCURRED_AT" TIMESTAMP,
  "IS_QUIET" BOOLEAN,
  "CHANGED" VARCHAR,
  "EXPIRES_FROM" TIMESTAMP,
  "ZONE" VARCHAR,
  "REMOTE_ID" VARCHAR,
  "T_PLAN" VARCHAR,
  "T_VISITS" INT,
  "T_EMAIL" VARCHAR
);

INSERT INTO "SHOP_ACTIVATION"."TARGETS" (
  "SYNC",
  "TARGET_ID",
  "TARGET",
  "FIRST_USED_AT"
)
SELECT
  'people__mailer',
  1,
  '{"manner":{},"names":["email","plan","visits"],"place":{"identify_by":"email"}}',
  CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP)
WHERE
  NOT EXISTS(
    SELECT
      1
    FROM "SHOP_ACTIVATION"."TARGETS" AS "T"
    WHERE
      "T"."SYNC" = 'people__mailer' AND "T"."TARGET_ID" = 1
  );

SELECT
  COALESCE(SUM(CASE WHEN "IS_ACTIVE" THEN 1 ELSE 0 END), 0),
  COUNT(*),
  COALESCE(SUM(CASE WHEN "IS_OPEN" THEN 1 ELSE 0 END), 0),
  COALESCE(SUM(CASE WHEN "IS_EMPTIED" THEN 1 ELSE 0 END), 0),
  COUNT("FINGERPRINT"),
  SUM("FINGERPRINT"),
  SUM(CASE WHEN NOT "FINGERPRINT" IS NULL THEN HASH("FINGERPRINT") ELSE NULL END)
FROM (
  SELECT
    CASE
      WHEN "S"."ATTEMPTED_OP" = 'remove'
      THEN NULL
      WHEN NOT "S"."ATTEMPTED_OP" IS NULL
      THEN "S"."ATTEMPTED"
      WHEN "S"."IS_MEMBER"
      THEN "S"."FINGERPRINT"
      ELSE NULL
    END AS "FINGERPRINT",
    (
      "S"."IS_MEMBER" OR NOT "S"."UNCONFIRMED" IS NULL
    ) AS "IS_ACTIVE",
    NOT "S"."ATTEMPTED_OP" IS NULL
    OR NOT "S"."UNCONFIRMED" IS NULL
    OR (
      NOT "S"."IS_MEMBER" AND (
        NOT "S"."T_OLD" IS NULL
      )
    ) AS "IS_OPEN",
    NOT "S"."T_OLD" IS NULL AS "IS_EMPTIED"
  FROM "SHOP_ACTIVATION"."SNAPSHOT_PEOPLE__MAILER" AS "S"
) AS "R";

SELECT
  COUNT(*),
  SUM("FINGERPRINT"),
  SUM(CASE WHEN NOT "FINGERPRINT" IS NULL THEN HASH("FINGERPRINT") ELSE NULL END),
  COALESCE(SUM(CASE WHEN "DETAIL" = 'unidentified' THEN 1 ELSE 0 END), 0),
  COALESCE(SUM(CASE WHEN "DETAIL" = 'address-missing' THEN 1 ELSE 0 END), 0),
  COALESCE(SUM(CASE WHEN "DETAIL" = 'null-refused' THEN 1 ELSE 0 END), 0)
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
        CAST('3;snowflake 1;efa4daa75bd8bd4890d3211f673d250b' AS VARCHAR),
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
) AS "G";

DROP TABLE IF EXISTS "ACTIVATION_CANDIDATES";

CREATE TEMPORARY TABLE "ACTIVATION_CANDIDATES" AS
SELECT
  COALESCE("M"."IDENTITY", "S"."IDENTITY") AS "IDENTITY",
  NOT "M"."IDENTITY" IS NULL AND "M"."DETAIL" IS NULL AS "IS_WANTED",
  NOT "S"."IDENTITY" IS NULL AS "IS_KNOWN",
  "M"."EXTERNAL_KEY" AS "EXTERNAL_KEY",
  "M"."EXTERNAL_ID" AS "EXTERNAL_ID",
  "M"."RELATED_ID" AS "RELATED_ID",
  "M"."REASON" AS "REASON",
  "M"."EVENT" AS "EVENT",
  "M"."OCCURRED_AT" AS "OCCURRED_AT",
  "M"."FINGERPRINT" AS "FINGERPRINT",
  "M"."T_PLAN" AS "T_PLAN",
  "M"."T_VISITS" AS "T_VISITS",
  "M"."T_EMAIL" AS "T_EMAIL"
FROM (
  SELECT
    CASE
      WHEN "G"."DETAIL" IS DISTINCT FROM 'unidentified'
      THEN "G"."IDENTITY"
      ELSE NULL
    END AS "IDENTITY",
    "G"."DETAIL" AS "DETAIL",
    "G"."EXTERNAL_KEY" AS "EXTERNAL_KEY",
    "G"."EXTERNAL_ID" AS "EXTERNAL_ID",
    "G"."RELATED_ID" AS "RELATED_ID",
    "G"."REASON" AS "REASON",
    "G"."EVENT" AS "EVENT",
    "G"."OCCURRED_AT" AS "OCCURRED_AT",
    "G"."FINGERPRINT" AS "FINGERPRINT",
    "G"."T_PLAN" AS "T_PLAN",
    "G"."T_VISITS" AS "T_VISITS",
    "G"."T_EMAIL" AS "T_EMAIL"
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
          CAST('3;snowflake 1;efa4daa75bd8bd4890d3211f673d250b' AS VARCHAR),
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
) AS "M"
FULL OUTER JOIN (
  SELECT
    "A"."IDENTITY" AS "IDENTITY",
    "A"."UNCONFIRMED" AS "UNCONFIRMED",
    "A"."T_OLD" AS "T_OLD",
    "A"."FINGERPRINT" AS "FINGERPRINT"
  FROM "SHOP_ACTIVATION"."SNAPSHOT_PEOPLE__MAILER" AS "A"
  WHERE
    (
      (
        "A"."IS_MEMBER" OR NOT "A"."UNCONFIRMED" IS NULL
      )
      OR COALESCE("A"."HAS_ENTERED", "A"."IS_MEMBER")
      OR (
        NOT "A"."IS_MEMBER" AND (
          NOT "A"."T_OLD" IS NULL
        )
      )
    )
) AS "S"
  ON "M"."IDENTITY" = "S"."IDENTITY"
WHERE
  (
    (
      (
        NOT "M"."IDENTITY" IS NULL AND "M"."DETAIL" IS NULL
      )
      AND (
        "S"."IDENTITY" IS NULL
        OR NOT "S"."UNCONFIRMED" IS NULL
        OR NOT "S"."T_OLD" IS NULL
        OR "M"."FINGERPRINT" IS DISTINCT FROM "S"."FINGERPRINT"
      )
    )
    OR (
      NOT (
        NOT "M"."IDENTITY" IS NULL AND "M"."DETAIL" IS NULL
      )
      AND NOT "S"."IDENTITY" IS NULL
    )
  )
  AND NOT COALESCE("M"."DETAIL" IN ('address-missing', 'null-refused'), FALSE);

DROP TABLE IF EXISTS "ACTIVATION_DUPLICATES";

CREATE TEMPORARY TABLE "ACTIVATION_DUPLICATES" AS
SELECT
  "IDENTITY",
  COALESCE(SUM(CASE WHEN "DETAIL" IS NULL THEN 1 ELSE 0 END), 0) AS "MODEL_ROWS"
FROM (
  SELECT
    "G"."IDENTITY",
    "G"."DETAIL",
    COUNT("G"."IDENTITY") OVER (PARTITION BY "G"."IDENTITY") AS "BY_IDENTITY",
    COUNT("G"."EXTERNAL_KEY") OVER (PARTITION BY "G"."EXTERNAL_KEY") AS "BY_EXTERNAL_KEY"
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
          CAST('3;snowflake 1;efa4daa75bd8bd4890d3211f673d250b' AS VARCHAR),
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
    "G"."DETAIL" IS DISTINCT FROM 'unidentified'
) AS "D"
WHERE
  "BY_IDENTITY" > 1 OR "BY_EXTERNAL_KEY" > 1
GROUP BY
  "IDENTITY";

SELECT
  SUM("MODEL_ROWS")
FROM "ACTIVATION_DUPLICATES";

DROP TABLE IF EXISTS "ACTIVATION_SHARED";

CREATE TEMPORARY TABLE "ACTIVATION_SHARED" AS
SELECT
  "S"."IDENTITY" AS "LEAVER",
  "O"."IDENTITY" AS "STAYER"
FROM "ACTIVATION_CANDIDATES" AS "C"
JOIN "SHOP_ACTIVATION"."SNAPSHOT_PEOPLE__MAILER" AS "S"
  ON "S"."IDENTITY" = "C"."IDENTITY"
JOIN "SHOP_ACTIVATION"."SNAPSHOT_PEOPLE__MAILER" AS "O"
  ON COALESCE(
    "O"."EXTERNAL_KEY",
    TRANSLATE(
      TRIM(
        COALESCE("O"."EXTERNAL_ID", "O"."IDENTITY"),
        '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　'
      ),
      'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
      'abcdefghijklmnopqrstuvwxyz'
    )
  ) = COALESCE(
    "S"."EXTERNAL_KEY",
    TRANSLATE(
      TRIM(
        COALESCE("S"."EXTERNAL_ID", "S"."IDENTITY"),
        '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　'
      ),
      'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
      'abcdefghijklmnopqrstuvwxyz'
    )
  )
WHERE
  (
    (
      (
        "S"."IS_MEMBER" OR NOT "S"."UNCONFIRMED" IS NULL
      )
      OR (
        NOT "C"."IS_WANTED" AND COALESCE("S"."HAS_ENTERED", "S"."IS_MEMBER")
      )
    )
    AND (
      "O"."IS_MEMBER" OR NOT "O"."UNCONFIRMED" IS NULL
    )
    AND "O"."IDENTITY" <> "S"."IDENTITY"
    AND (
      NOT "C"."IS_WANTED"
      OR "C"."EXTERNAL_KEY" IS DISTINCT FROM COALESCE(
        "S"."EXTERNAL_KEY",
        TRANSLATE(
          TRIM(
            COALESCE("S"."EXTERNAL_ID", "S"."IDENTITY"),
            '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　'
          ),
          'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
          'abcdefghijklmnopqrstuvwxyz'
        )
      )
    )
    AND NOT EXISTS(
      SELECT
        1
      FROM "ACTIVATION_CANDIDATES" AS "D"
      WHERE
        (
          "D"."IDENTITY" = "O"."IDENTITY"
          AND (
            NOT "D"."IS_WANTED"
            OR "D"."EXTERNAL_KEY" IS DISTINCT FROM COALESCE(
              "O"."EXTERNAL_KEY",
              TRANSLATE(
                TRIM(
                  COALESCE("O"."EXTERNAL_ID", "O"."IDENTITY"),
                  '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　'
                ),
                'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
                'abcdefghijklmnopqrstuvwxyz'
              )
            )
          )
        )
        AND NOT EXISTS(
          SELECT
            1
          FROM "ACTIVATION_DUPLICATES" AS "U"
          WHERE
            "U"."IDENTITY" = "D"."IDENTITY"
        )
    )
  )
  AND NOT EXISTS(
    SELECT
      1
    FROM "ACTIVATION_DUPLICATES" AS "U"
    WHERE
      "U"."IDENTITY" = "C"."IDENTITY"
  );

SELECT
  1
FROM "ACTIVATION_SHARED"
LIMIT 1;

MERGE INTO "SHOP_ACTIVATION"."SNAPSHOT_PEOPLE__MAILER" AS "T"
USING (
  SELECT
    "S"."IDENTITY" AS "IDENTITY",
    "S"."EXTERNAL_ID" AS "EXTERNAL_ID",
    "S"."EXTERNAL_KEY" AS "EXTERNAL_KEY",
    "S"."RELATED_ID" AS "RELATED_ID",
    "S"."TARGET_ID" AS "TARGET_ID",
    "S"."FINGERPRINT" AS "FINGERPRINT",
    "S"."ATTEMPTED" AS "ATTEMPTED",
    CAST(NULL AS VARCHAR) AS "ATTEMPTED_OP",
    CASE
      WHEN "S"."IDENTITY" IN (
        SELECT
          "LEAVER"
        FROM "ACTIVATION_SHARED"
      )
      THEN FALSE
      ELSE "S"."IS_MEMBER"
    END AS "IS_MEMBER",
    CASE
      WHEN "S"."IDENTITY" IN (
        SELECT
          "LEAVER"
        FROM "ACTIVATION_SHARED"
      )
      THEN FALSE
      ELSE "S"."HAS_ENTERED"
    END AS "HAS_ENTERED",
    "S"."ENTRIES" AS "ENTRIES",
    "S"."FIRST_ENTERED_AT" AS "FIRST_ENTERED_AT",
    "S"."LAST_ENTERED_AT" AS "LAST_ENTERED_AT",
    "S"."LAST_EXITED_AT" AS "LAST_EXITED_AT",
    "S"."ACKNOWLEDGED_AT" AS "ACKNOWLEDGED_AT",
    "S"."DEFINITION_VERSION" AS "DEFINITION_VERSION",
    CASE
      WHEN "S"."IDENTITY" IN (
        SELECT
          "LEAVER"
        FROM "ACTIVATION_SHARED"
      )
      THEN CAST(NULL AS VARCHAR)
      ELSE 'change'
    END AS "UNCONFIRMED",
    CASE
      WHEN "S"."IDENTITY" IN (
        SELECT
          "LEAVER"
        FROM "ACTIVATION_SHARED"
      )
      THEN CAST(NULL AS VARCHAR)
      ELSE '*'
    END AS "UNSURE",
    COALESCE(
      (
        SELECT
          MAX("R"."TO_REPEAT")
        FROM "SHOP_ACTIVATION"."SNAPSHOT_PEOPLE__MAILER" AS "R"
        WHERE
          COALESCE(
            "R"."EXTERNAL_KEY",
            TRANSLATE(
              TRIM(
                COALESCE("R"."EXTERNAL_ID", "R"."IDENTITY"),
                '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　'
              ),
              'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
              'abcdefghijklmnopqrstuvwxyz'
            )
          ) = COALESCE(
            "S"."EXTERNAL_KEY",
            TRANSLATE(
              TRIM(
                COALESCE("S"."EXTERNAL_ID", "S"."IDENTITY"),
                '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　'
              ),
              'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
              'abcdefghijklmnopqrstuvwxyz'
            )
          )
      ),
      0
    ) AS "TO_REPEAT",
    "S"."ORIGIN_EPOCH" AS "ORIGIN_EPOCH",
    7 AS "WRITTEN_EPOCH",
    "S"."REMOTE_ID" AS "REMOTE_ID",
    CASE
      WHEN "S"."IDENTITY" IN (
        SELECT
          "LEAVER"
        FROM "ACTIVATION_SHARED"
      )
      THEN NULL
      ELSE "S"."T_PLAN"
    END AS "T_PLAN",
    CASE
      WHEN "S"."IDENTITY" IN (
        SELECT
          "LEAVER"
        FROM "ACTIVATION_SHARED"
      )
      THEN NULL
      ELSE "S"."T_VISITS"
    END AS "T_VISITS",
    CASE
      WHEN "S"."IDENTITY" IN (
        SELECT
          "LEAVER"
        FROM "ACTIVATION_SHARED"
      )
      THEN NULL
      ELSE "S"."T_EMAIL"
    END AS "T_EMAIL",
    CASE
      WHEN "S"."IDENTITY" IN (
        SELECT
          "LEAVER"
        FROM "ACTIVATION_SHARED"
      )
      THEN NULL
      ELSE "S"."T_OLD"
    END AS "T_OLD",
    CASE
      WHEN "S"."IDENTITY" IN (
        SELECT
          "LEAVER"
        FROM "ACTIVATION_SHARED"
      )
      THEN NULL
      ELSE "S"."T_VISITS_2"
    END AS "T_VISITS_2"
  FROM "SHOP_ACTIVATION"."SNAPSHOT_PEOPLE__MAILER" AS "S"
  WHERE
    (
      "S"."IDENTITY" IN (
        SELECT
          "LEAVER"
        FROM "ACTIVATION_SHARED"
      )
      OR "S"."IDENTITY" IN (
        SELECT
          "STAYER"
        FROM "ACTIVATION_SHARED"
      )
    )
) AS "N"
ON "T"."IDENTITY" = "N"."IDENTITY"
WHEN MATCHED THEN UPDATE SET
  "EXTERNAL_ID" = "N"."EXTERNAL_ID",
  "EXTERNAL_KEY" = "N"."EXTERNAL_KEY",
  "RELATED_ID" = "N"."RELATED_ID",
  "TARGET_ID" = "N"."TARGET_ID",
  "FINGERPRINT" = "N"."FINGERPRINT",
  "ATTEMPTED" = "N"."ATTEMPTED",
  "ATTEMPTED_OP" = "N"."ATTEMPTED_OP",
  "IS_MEMBER" = "N"."IS_MEMBER",
  "HAS_ENTERED" = "N"."HAS_ENTERED",
  "ENTRIES" = "N"."ENTRIES",
  "FIRST_ENTERED_AT" = "N"."FIRST_ENTERED_AT",
  "LAST_ENTERED_AT" = "N"."LAST_ENTERED_AT",
  "LAST_EXITED_AT" = "N"."LAST_EXITED_AT",
  "ACKNOWLEDGED_AT" = "N"."ACKNOWLEDGED_AT",
  "DEFINITION_VERSION" = "N"."DEFINITION_VERSION",
  "UNCONFIRMED" = "N"."UNCONFIRMED",
  "UNSURE" = "N"."UNSURE",
  "TO_REPEAT" = "N"."TO_REPEAT",
  "ORIGIN_EPOCH" = "N"."ORIGIN_EPOCH",
  "WRITTEN_EPOCH" = "N"."WRITTEN_EPOCH",
  "REMOTE_ID" = "N"."REMOTE_ID",
  "T_PLAN" = "N"."T_PLAN",
  "T_VISITS" = "N"."T_VISITS",
  "T_EMAIL" = "N"."T_EMAIL",
  "T_OLD" = "N"."T_OLD",
  "T_VISITS_2" = "N"."T_VISITS_2"
WHEN NOT MATCHED THEN INSERT (
  "IDENTITY",
  "EXTERNAL_ID",
  "EXTERNAL_KEY",
  "RELATED_ID",
  "TARGET_ID",
  "FINGERPRINT",
  "ATTEMPTED",
  "ATTEMPTED_OP",
  "IS_MEMBER",
  "HAS_ENTERED",
  "ENTRIES",
  "FIRST_ENTERED_AT",
  "LAST_ENTERED_AT",
  "LAST_EXITED_AT",
  "ACKNOWLEDGED_AT",
  "DEFINITION_VERSION",
  "UNCONFIRMED",
  "UNSURE",
  "TO_REPEAT",
  "ORIGIN_EPOCH",
  "WRITTEN_EPOCH",
  "REMOTE_ID",
  "T_PLAN",
  "T_VISITS",
  "T_EMAIL",
  "T_OLD",
  "T_VISITS_2"
) VALUES (
  "N"."IDENTITY",
  "N"."EXTERNAL_ID",
  "N"."EXTERNAL_KEY",
  "N"."RELATED_ID",
  "N"."TARGET_ID",
  "N"."FINGERPRINT",
  "N"."ATTEMPTED",
  "N"."ATTEMPTED_OP",
  "N"."IS_MEMBER",
  "N"."HAS_ENTERED",
  "N"."ENTRIES",
  "N"."FIRST_ENTERED_AT",
  "N"."LAST_ENTERED_AT",
  "N"."LAST_EXITED_AT",
  "N"."ACKNOWLEDGED_AT",
  "N"."DEFINITION_VERSION",
  "N"."UNCONFIRMED",
  "N"."UNSURE",
  "N"."TO_REPEAT",
  "N"."ORIGIN_EPOCH",
  "N"."WRITTEN_EPOCH",
  "N"."REMOTE_ID",
  "N"."T_PLAN",
  "N"."T_VISITS",
  "N"."T_EMAIL",
  "N"."T_OLD",
  "N"."T_VISITS_2"
);

DROP TABLE IF EXISTS "ACTIVATION_CANDIDATES";

CREATE TEMPORARY TABLE "ACTIVATION_CANDIDATES" AS
SELECT
  COALESCE("M"."IDENTITY", "S"."IDENTITY") AS "IDENTITY",
  NOT "M"."IDENTITY" IS NULL AND "M"."DETAIL" IS NULL AS "IS_WANTED",
  NOT "S"."IDENTITY" IS NULL AS "IS_KNOWN",
  "M"."EXTERNAL_KEY" AS "EXTERNAL_KEY",
  "M"."EXTERNAL_ID" AS "EXTERNAL_ID",
  "M"."RELATED_ID" AS "RELATED_ID",
  "M"."REASON" AS "REASON",
  "M"."EVENT" AS "EVENT",
  "M"."OCCURRED_AT" AS "OCCURRED_AT",
  "M"."FINGERPRINT" AS "FINGERPRINT",
  "M"."T_PLAN" AS "T_PLAN",
  "M"."T_VISITS" AS "T_VISITS",
  "M"."T_EMAIL" AS "T_EMAIL"
FROM (
  SELECT
    CASE
      WHEN "G"."DETAIL" IS DISTINCT FROM 'unidentified'
      THEN "G"."IDENTITY"
      ELSE NULL
    END AS "IDENTITY",
    "G"."DETAIL" AS "DETAIL",
    "G"."EXTERNAL_KEY" AS "EXTERNAL_KEY",
    "G"."EXTERNAL_ID" AS "EXTERNAL_ID",
    "G"."RELATED_ID" AS "RELATED_ID",
    "G"."REASON" AS "REASON",
    "G"."EVENT" AS "EVENT",
    "G"."OCCURRED_AT" AS "OCCURRED_AT",
    "G"."FINGERPRINT" AS "FINGERPRINT",
    "G"."T_PLAN" AS "T_PLAN",
    "G"."T_VISITS" AS "T_VISITS",
    "G"."T_EMAIL" AS "T_EMAIL"
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
          CAST('3;snowflake 1;efa4daa75bd8bd4890d3211f673d250b' AS VARCHAR),
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
) AS "M"
FULL OUTER JOIN (
  SELECT
    "A"."IDENTITY" AS "IDENTITY",
    "A"."UNCONFIRMED" AS "UNCONFIRMED",
    "A"."T_OLD" AS "T_OLD",
    "A"."FINGERPRINT" AS "FINGERPRINT"
  FROM "SHOP_ACTIVATION"."SNAPSHOT_PEOPLE__MAILER" AS "A"
  WHERE
    (
      (
        "A"."IS_MEMBER" OR NOT "A"."UNCONFIRMED" IS NULL
      )
      OR COALESCE("A"."HAS_ENTERED", "A"."IS_MEMBER")
      OR (
        NOT "A"."IS_MEMBER" AND (
          NOT "A"."T_OLD" IS NULL
        )
      )
    )
) AS "S"
  ON "M"."IDENTITY" = "S"."IDENTITY"
WHERE
  (
    (
      (
        NOT "M"."IDENTITY" IS NULL AND "M"."DETAIL" IS NULL
      )
      AND (
        "S"."IDENTITY" IS NULL
        OR NOT "S"."UNCONFIRMED" IS NULL
        OR NOT "S"."T_OLD" IS NULL
        OR "M"."FINGERPRINT" IS DISTINCT FROM "S"."FINGERPRINT"
      )
    )
    OR (
      NOT (
        NOT "M"."IDENTITY" IS NULL AND "M"."DETAIL" IS NULL
      )
      AND NOT "S"."IDENTITY" IS NULL
    )
  )
  AND NOT COALESCE("M"."DETAIL" IN ('address-missing', 'null-refused'), FALSE);

DROP TABLE IF EXISTS "ACTIVATION_PLANNED";

CREATE TEMPORARY TABLE "ACTIVATION_PLANNED" AS
WITH "JOINED" AS (
  SELECT
    "C"."IDENTITY" AS "IDENTITY",
    "C"."IS_WANTED" AS "IS_WANTED",
    "C"."IS_KNOWN" AS "IS_KNOWN",
    "C"."EXTERNAL_ID" AS "EXTERNAL_ID",
    "C"."EXTERNAL_KEY" AS "EXTERNAL_KEY",
    "C"."RELATED_ID" AS "RELATED_ID",
    "C"."REASON" AS "REASON",
    "C"."EVENT" AS "EVENT",
    "C"."OCCURRED_AT" AS "OCCURRED_AT",
    "C"."FINGERPRINT" AS "FINGERPRINT",
    COALESCE("S"."ENTRIES", 0) AS "ENTRIES",
    COALESCE("S"."IS_MEMBER", FALSE) AS "IS_MEMBER",
    COALESCE(COALESCE("S"."HAS_ENTERED", "S"."IS_MEMBER"), FALSE) AS "HAS_ENTERED",
    "S"."UNCONFIRMED" AS "UNCONFIRMED",
    "S"."ORIGIN_EPOCH" AS "ORIGIN_EPOCH",
    "S"."TO_REPEAT" AS "TO_REPEAT",
    "S"."EXTERNAL_ID" AS "OLD_EXTERNAL_ID",
    COALESCE(
      "S"."EXTERNAL_KEY",
      TRANSLATE(
        TRIM(
          COALESCE("S"."EXTERNAL_ID", "S"."IDENTITY"),
          '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　'
        ),
        'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
        'abcdefghijklmnopqrstuvwxyz'
      )
    ) AS "OLD_EXTERNAL_KEY",
    "S"."RELATED_ID" AS "OLD_RELATED_ID",
    "S"."TARGET_ID" AS "OLD_TARGET_ID",
    "C"."T_PLAN" AS "T_PLAN",
    "C"."T_VISITS" AS "T_VISITS",
    "C"."T_EMAIL" AS "T_EMAIL",
    (
      NOT "S"."T_PLAN" IS NULL
      OR (
        COALESCE(CHARINDEX(',t_plan,', "S"."UNSURE"), 0) > 0
        OR COALESCE("S"."UNSURE" = '*', FALSE)
      )
    ) AS "H0",
    (
      "C"."T_PLAN" IS DISTINCT FROM "S"."T_PLAN"
      OR (
        COALESCE(CHARINDEX(',t_plan,', "S"."UNSURE"), 0) > 0
        OR COALESCE("S"."UNSURE" = '*', FALSE)
      )
    ) AS "D0",
    (
      (
        COALESCE("V0"."N0", FALSE)
      )
      AND NOT COALESCE(
        "S"."IS_MEMBER"
        AND "S"."TARGET_ID" IN (1)
        AND "C"."EXTERNAL_KEY" = COALESCE(
          "S"."EXTERNAL_KEY",
          TRANSLATE(
            TRIM(
              COALESCE("S"."EXTERNAL_ID", "S"."IDENTITY"),
              '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　'
            ),
            'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
            'abcdefghijklmnopqrstuvwxyz'
          )
        ),
        FALSE
      )
    ) AS "G0",
    (
      NOT "S"."T_VISITS" IS NULL
      OR (
        COALESCE(CHARINDEX(',t_visits,', "S"."UNSURE"), 0) > 0
        OR COALESCE("S"."UNSURE" = '*', FALSE)
      )
    ) AS "H1",
    (
      (
        "C"."T_VISITS" IS DISTINCT FROM "S"."T_VISITS"
        OR (
          COALESCE(CHARINDEX(',t_visits,', "S"."UNSURE"), 0) > 0
          OR COALESCE("S"."UNSURE" = '*', FALSE)
        )
      )
      OR (
        (
          NOT "S"."T_VISITS_2" IS NULL
          OR (
            COALESCE(CHARINDEX(',t_visits_2,', "S"."UNSURE"), 0) > 0
            OR COALESCE("S"."UNSURE" = '*', FALSE)
          )
        )
      )
    ) AS "D1",
    (
      NOT "S"."T_EMAIL" IS NULL
      OR (
        COALESCE(CHARINDEX(',t_email,', "S"."UNSURE"), 0) > 0
        OR COALESCE("S"."UNSURE" = '*', FALSE)
      )
    ) AS "H2",
    (
      MD5('' || CAST("C"."T_EMAIL" AS VARCHAR)) IS DISTINCT FROM "S"."T_EMAIL"
      OR (
        COALESCE(CHARINDEX(',t_email,', "S"."UNSURE"), 0) > 0
        OR COALESCE("S"."UNSURE" = '*', FALSE)
      )
    ) AS "D2",
    (
      (
        NOT "S"."T_OLD" IS NULL
        OR (
          COALESCE(CHARINDEX(',t_old,', "S"."UNSURE"), 0) > 0
          OR COALESCE("S"."UNSURE" = '*', FALSE)
        )
      )
      AND NOT (
        NOT "K0"."EXTERNAL_KEY" IS NULL
      )
    ) AS "H3",
    FALSE AS "D3",
    (
      NOT "S"."T_VISITS_2" IS NULL
      OR (
        COALESCE(CHARINDEX(',t_visits_2,', "S"."UNSURE"), 0) > 0
        OR COALESCE("S"."UNSURE" = '*', FALSE)
      )
    ) AS "H4",
    FALSE AS "D4"
  FROM "ACTIVATION_CANDIDATES" AS "C"
  LEFT JOIN "SHOP_ACTIVATION"."SNAPSHOT_PEOPLE__MAILER" AS "S"
    ON "S"."IDENTITY" = "C"."IDENTITY"
  LEFT JOIN (
    SELECT
      "ID" AS "EXTERNAL_KEY",
      TRUE AS "N0"
    FROM "SHOP"."OTHERS"
  ) AS "K0"
    ON "K0"."EXTERNAL_KEY" = CASE
      WHEN NOT "S"."IDENTITY" IS NULL
      THEN COALESCE(
        "S"."EXTERNAL_KEY",
        TRANSLATE(
          TRIM(
            COALESCE("S"."EXTERNAL_ID", "S"."IDENTITY"),
            '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　'
          ),
          'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
          'abcdefghijklmnopqrstuvwxyz'
        )
      )
      ELSE "C"."EXTERNAL_KEY"
    END
  LEFT JOIN (
    SELECT
      "ID" AS "EXTERNAL_KEY",
      TRUE AS "N0"
    FROM "SHOP"."OTHERS"
  ) AS "V0"
    ON "V0"."EXTERNAL_KEY" = "C"."EXTERNAL_KEY"
  WHERE
    NOT EXISTS(
      SELECT
        1
      FROM "ACTIVATION_DUPLICATES" AS "U"
      WHERE
        "U"."IDENTITY" = "C"."IDENTITY"
    )
), "DECIDED" AS (
  SELECT
    "OP" AS "OP",
    "CAUSE" AS "CAUSE",
    "IDENTITY" AS "IDENTITY",
    CASE WHEN NOT "IS_WANTED" THEN "OLD_EXTERNAL_ID" ELSE "EXTERNAL_ID" END AS "EXTERNAL_ID",
    CASE WHEN NOT "IS_WANTED" THEN "OLD_EXTERNAL_KEY" ELSE "EXTERNAL_KEY" END AS "EXTERNAL_KEY",
    CASE WHEN NOT "IS_WANTED" THEN "OLD_RELATED_ID" ELSE "RELATED_ID" END AS "RELATED_ID",
    COALESCE(CASE WHEN NOT "IS_WANTED" THEN "OLD_TARGET_ID" ELSE 1 END, 1) AS "TARGET_ID",
    "REASON" AS "REASON",
    CASE
      WHEN NOT "IS_WANTED"
      THEN CASE
        WHEN (
          "HAS_ENTERED" OR "UNCONFIRMED" = 'remove'
        )
        THEN "ENTRIES"
        ELSE "ENTRIES" + 1
      END
      WHEN "OP" = 'add' AND NOT "HAS_ENTERED"
      THEN "ENTRIES" + 1
      WHEN "ENTRIES" = 0
      THEN 1
      ELSE "ENTRIES"
    END AS "TRANSITION",
    CASE
      WHEN (
        "HAS_ENTERED" OR "UNCONFIRMED" = 'remove'
      )
      THEN "ENTRIES"
      ELSE "ENTRIES" + 1
    END AS "LEAVING_TRANSITION",
    "OLD_EXTERNAL_ID" AS "OLD_EXTERNAL_ID",
    "OLD_EXTERNAL_KEY" AS "OLD_EXTERNAL_KEY",
    "OLD_TARGET_ID" AS "OLD_TARGET_ID",
    CASE WHEN NOT "UNCONFIRMED" IS NULL THEN COALESCE("ORIGIN_EPOCH", 7) ELSE 7 END AS "ORIGIN_EPOCH",
    "TO_REPEAT" AS "TO_REPEAT",
    CASE WHEN NOT "IS_WANTED" THEN NULL ELSE "FINGERPRINT" END AS "FINGERPRINT",
    "EVENT" AS "EVENT",
    "OCCURRED_AT" AS "OCCURRED_AT",
    TRUE AS "IS_QUIET",
    CONCAT(
      CASE
        WHEN CASE
          WHEN "OP" = 'remove'
          THEN "H0"
          ELSE (
            CASE
              WHEN "CAUSE" IN ('new', 'moved')
              THEN (
                NOT "T_PLAN" IS NULL OR "G0"
              )
              WHEN "CAUSE" = 'changed'
              THEN (
                "D0" OR "G0"
              )
              ELSE TRUE
            END
          )
        END
        THEN '1'
        ELSE '0'
      END,
      CASE
        WHEN CASE
          WHEN "OP" = 'remove'
          THEN "H1"
          ELSE (
            CASE
              WHEN "CAUSE" IN ('new', 'moved')
              THEN (
                NOT "T_VISITS" IS NULL
              )
              WHEN "CAUSE" = 'changed'
              THEN (
                "D1"
              )
              ELSE TRUE
            END
          )
        END
        THEN '1'
        ELSE '0'
      END,
      CASE
        WHEN CASE
          WHEN "OP" = 'remove'
          THEN "H2"
          ELSE (
            CASE
              WHEN "CAUSE" IN ('new', 'moved')
              THEN (
                NOT "T_EMAIL" IS NULL
              )
              WHEN "CAUSE" = 'changed'
              THEN (
                "D2"
              )
              ELSE TRUE
            END
          )
        END
        THEN '1'
        ELSE '0'
      END,
      CASE
        WHEN CASE WHEN "OP" = 'remove' THEN "H3" ELSE (
          "H3"
        ) END
        THEN '1'
        ELSE '0'
      END,
      CASE
        WHEN CASE
          WHEN "OP" = 'remove'
          THEN "H4"
          ELSE (
            "H4"
            AND (
              CASE
                WHEN "CAUSE" IN ('new', 'moved')
                THEN (
                  NOT "T_VISITS" IS NULL
                )
                WHEN "CAUSE" = 'changed'
                THEN (
                  "D1"
                )
                ELSE TRUE
              END
            )
          )
        END
        THEN '1'
        ELSE '0'
      END
    ) AS "CHANGED",
    CONCAT(
      CASE WHEN "H0" THEN '1' ELSE '0' END,
      CASE WHEN "H1" THEN '1' ELSE '0' END,
      CASE WHEN "H2" THEN '1' ELSE '0' END,
      CASE WHEN "H3" THEN '1' ELSE '0' END,
      CASE WHEN "H4" THEN '1' ELSE '0' END
    ) AS "LEAVING_CHANGED",
    "T_PLAN" AS "T_PLAN",
    "T_VISITS" AS "T_VISITS",
    "T_EMAIL" AS "T_EMAIL",
    CAST(NULL AS TIMESTAMP) AS "EXPIRES_FROM",
    CAST(NULL AS VARCHAR) AS "ZONE",
    (
      "IS_MEMBER" OR NOT "UNCONFIRMED" IS NULL
    ) AS "IS_HELD"
  FROM (
    SELECT
      *,
      CASE
        WHEN NOT "IS_WANTED"
        AND (
          (
            "IS_MEMBER" OR NOT "UNCONFIRMED" IS NULL
          )
          OR "HAS_ENTERED"
          OR (
            "H0" OR "H1" OR "H2" OR "H3" OR "H4"
          )
        )
        THEN 'remove'
        WHEN NOT "IS_WANTED"
        THEN 'same'
        WHEN NOT (
          "IS_MEMBER" OR NOT "UNCONFIRMED" IS NULL
        ) AND "HAS_ENTERED"
        THEN 'add'
        WHEN NOT (
          "IS_MEMBER" OR NOT "UNCONFIRMED" IS NULL
        ) AND "ENTRIES" > 0
        THEN 'add'
        WHEN NOT (
          "IS_MEMBER" OR NOT "UNCONFIRMED" IS NULL
        )
        THEN 'add'
        WHEN (
          "EXTERNAL_KEY" IS DISTINCT FROM "OLD_EXTERNAL_KEY"
        )
        THEN 'add'
        WHEN "UNCONFIRMED" = 'remove'
        THEN 'add'
        WHEN "UNCONFIRMED" = 'add'
        THEN 'add'
        WHEN "UNCONFIRMED" = 'change'
        THEN 'change'
        WHEN FALSE
        THEN 'change'
        WHEN "D0" OR "G0" OR "D1" OR "D2" OR "H3"
        THEN 'change'
        ELSE 'same'
      END AS "OP",
      CASE
        WHEN NOT "IS_WANTED"
        AND (
          (
            "IS_MEMBER" OR NOT "UNCONFIRMED" IS NULL
          )
          OR "HAS_ENTERED"
          OR (
            "H0" OR "H1" OR "H2" OR "H3" OR "H4"
          )
        )
        THEN 'left'
        WHEN NOT "IS_WANTED"
        THEN 'same'
        WHEN NOT (
          "IS_MEMBER" OR NOT "UNCONFIRMED" IS NULL
        ) AND "HAS_ENTERED"
        THEN 'moved'
        WHEN NOT (
          "IS_MEMBER" OR NOT "UNCONFIRMED" IS NULL
        ) AND "ENTRIES" > 0
        THEN 'returned'
        WHEN NOT (
          "IS_MEMBER" OR NOT "UNCONFIRMED" IS NULL
        )
        THEN 'new'
        WHEN (
          "EXTERNAL_KEY" IS DISTINCT FROM "OLD_EXTERNAL_KEY"
        )
        THEN 'moved'
        WHEN "UNCONFIRMED" = 'remove'
        THEN 'returned'
        WHEN "UNCONFIRMED" = 'add'
        THEN 'in doubt'
        WHEN "UNCONFIRMED" = 'change'
        THEN 'in doubt'
        WHEN FALSE
        THEN 'asserted'
        WHEN "D0" OR "G0" OR "D1" OR "D2" OR "H3"
        THEN 'changed'
        ELSE 'same'
      END AS "CAUSE"
    FROM "JOINED"
  ) AS "J"
)
SELECT
  "OP",
  "CAUSE",
  "IDENTITY",
  "EXTERNAL_ID",
  "EXTERNAL_KEY",
  "RELATED_ID",
  "TARGET_ID",
  "REASON",
  "TRANSITION",
  "ORIGIN_EPOCH",
  "TO_REPEAT",
  "FINGERPRINT",
  "EVENT",
  "OCCURRED_AT",
  "IS_QUIET",
  "CHANGED",
  "EXPIRES_FROM",
  "ZONE",
  "T_PLAN",
  "T_VISITS",
  "T_EMAIL"
FROM "DECIDED"
WHERE
  "OP" <> 'same'
UNION ALL
SELECT
  'remove' AS "OP",
  "CAUSE" AS "CAUSE",
  "IDENTITY" AS "IDENTITY",
  "OLD_EXTERNAL_ID" AS "EXTERNAL_ID",
  "OLD_EXTERNAL_KEY" AS "EXTERNAL_KEY",
  "RELATED_ID" AS "RELATED_ID",
  "OLD_TARGET_ID" AS "TARGET_ID",
  "REASON" AS "REASON",
  "LEAVING_TRANSITION" AS "TRANSITION",
  "ORIGIN_EPOCH" AS "ORIGIN_EPOCH",
  "TO_REPEAT" AS "TO_REPEAT",
  NULL AS "FINGERPRINT",
  "EVENT" AS "EVENT",
  "OCCURRED_AT" AS "OCCURRED_AT",
  FALSE AS "IS_QUIET",
  "LEAVING_CHANGED" AS "CHANGED",
  "EXPIRES_FROM" AS "EXPIRES_FROM",
  "ZONE" AS "ZONE",
  "T_PLAN" AS "T_PLAN",
  "T_VISITS" AS "T_VISITS",
  "T_EMAIL" AS "T_EMAIL"
FROM "DECIDED"
WHERE
  "CAUSE" = 'moved' AND "IS_HELD";

SELECT
  "OP",
  "CAUSE",
  COUNT(*)
FROM (
  SELECT
    *
  FROM "ACTIVATION_PLANNED"
) AS "P"
GROUP BY
  "OP",
  "CAUSE";

SELECT
  COALESCE(
    SUM(
      CASE
        WHEN SUBSTRING("P"."CHANGED", 1, 1) = '1' AND NOT (
          NOT "P"."T_PLAN" IS NULL
        )
        THEN 1
        ELSE 0
      END
    ),
    0
  ),
  COALESCE(
    SUM(
      CASE
        WHEN SUBSTRING("P"."CHANGED", 2, 1) = '1'
        AND NOT (
          NOT "P"."T_VISITS" IS NULL AND "P"."T_VISITS" <> 0
        )
        THEN 1
        ELSE 0
      END
    ),
    0
  ),
  COALESCE(
    SUM(
      CASE
        WHEN SUBSTRING("P"."CHANGED", 3, 1) = '1' AND NOT (
          NOT "P"."T_EMAIL" IS NULL
        )
        THEN 1
        ELSE 0
      END
    ),
    0
  )
FROM "ACTIVATION_PLANNED" AS "P"
WHERE
  "P"."OP" = 'change';

SELECT
  COALESCE(SUM(CASE WHEN NOT "S"."T_PLAN" IS NULL THEN 1 ELSE 0 END), 0),
  COALESCE(
    SUM(CASE WHEN NOT "S"."T_VISITS" IS NULL AND "S"."T_VISITS" <> 0 THEN 1 ELSE 0 END),
    0
  ),
  COALESCE(SUM(CASE WHEN NOT "S"."T_EMAIL" IS NULL THEN 1 ELSE 0 END), 0)
FROM "SHOP_ACTIVATION"."SNAPSHOT_PEOPLE__MAILER" AS "S"
WHERE
  "S"."IS_MEMBER";

INSERT INTO "SHOP_ACTIVATION"."PLAN_PEOPLE__MAILER" (
  "EPOCH",
  "SEQ",
  "OP",
  "CAUSE",
  "IDENTITY",
  "EXTERNAL_ID",
  "EXTERNAL_KEY",
  "RELATED_ID",
  "TARGET_ID",
  "REASON",
  "TRANSITION",
  "ORIGIN_EPOCH",
  "TO_REPEAT",
  "FINGERPRINT",
  "EVENT",
  "OCCURRED_AT",
  "IS_QUIET",
  "CHANGED",
  "EXPIRES_FROM",
  "ZONE",
  "T_PLAN",
  "T_VISITS",
  "T_EMAIL"
)
SELECT
  7 AS "EPOCH",
  ROW_NUMBER() OVER (ORDER BY "TARGET_ID", "IDENTITY") AS "SEQ",
  "OP" AS "OP",
  "CAUSE" AS "CAUSE",
  "IDENTITY" AS "IDENTITY",
  "EXTERNAL_ID" AS "EXTERNAL_ID",
  "EXTERNAL_KEY" AS "EXTERNAL_KEY",
  "RELATED_ID" AS "RELATED_ID",
  "TARGET_ID" AS "TARGET_ID",
  "REASON" AS "REASON",
  "TRANSITION" AS "TRANSITION",
  "ORIGIN_EPOCH" AS "ORIGIN_EPOCH",
  "TO_REPEAT" AS "TO_REPEAT",
  "FINGERPRINT" AS "FINGERPRINT",
  "EVENT" AS "EVENT",
  "OCCURRED_AT" AS "OCCURRED_AT",
  "IS_QUIET" AS "IS_QUIET",
  "CHANGED" AS "CHANGED",
  "EXPIRES_FROM" AS "EXPIRES_FROM",
  "ZONE" AS "ZONE",
  "T_PLAN" AS "T_PLAN",
  "T_VISITS" AS "T_VISITS",
  "T_EMAIL" AS "T_EMAIL"
FROM (
  SELECT
    *
  FROM "ACTIVATION_PLANNED"
  WHERE
    "OP" = 'remove'
) AS "P";

INSERT INTO "SHOP_ACTIVATION"."PLAN_PEOPLE__MAILER" (
  "EPOCH",
  "SEQ",
  "OP",
  "CAUSE",
  "IDENTITY",
  "EXTERNAL_ID",
  "EXTERNAL_KEY",
  "RELATED_ID",
  "TARGET_ID",
  "REASON",
  "TRANSITION",
  "ORIGIN_EPOCH",
  "TO_REPEAT",
  "FINGERPRINT",
  "EVENT",
  "OCCURRED_AT",
  "IS_QUIET",
  "CHANGED",
  "EXPIRES_FROM",
  "ZONE",
  "T_PLAN",
  "T_VISITS",
  "T_EMAIL"
)
SELECT
  7 AS "EPOCH",
  ROW_NUMBER() OVER (ORDER BY "TARGET_ID", "IDENTITY") + 1 AS "SEQ",
  "OP" AS "OP",
  "CAUSE" AS "CAUSE",
  "IDENTITY" AS "IDENTITY",
  "EXTERNAL_ID" AS "EXTERNAL_ID",
  "EXTERNAL_KEY" AS "EXTERNAL_KEY",
  "RELATED_ID" AS "RELATED_ID",
  "TARGET_ID" AS "TARGET_ID",
  "REASON" AS "REASON",
  "TRANSITION" AS "TRANSITION",
  "ORIGIN_EPOCH" AS "ORIGIN_EPOCH",
  "TO_REPEAT" AS "TO_REPEAT",
  "FINGERPRINT" AS "FINGERPRINT",
  "EVENT" AS "EVENT",
  "OCCURRED_AT" AS "OCCURRED_AT",
  "IS_QUIET" AS "IS_QUIET",
  "CHANGED" AS "CHANGED",
  "EXPIRES_FROM" AS "EXPIRES_FROM",
  "ZONE" AS "ZONE",
  "T_PLAN" AS "T_PLAN",
  "T_VISITS" AS "T_VISITS",
  "T_EMAIL" AS "T_EMAIL"
FROM (
  SELECT
    *
  FROM "ACTIVATION_PLANNED"
  WHERE
    "OP" = 'change'
) AS "P";

INSERT INTO "SHOP_ACTIVATION"."PLAN_PEOPLE__MAILER" (
  "EPOCH",
  "SEQ",
  "OP",
  "CAUSE",
  "IDENTITY",
  "EXTERNAL_ID",
  "EXTERNAL_KEY",
  "RELATED_ID",
  "TARGET_ID",
  "REASON",
  "TRANSITION",
  "ORIGIN_EPOCH",
  "TO_REPEAT",
  "FINGERPRINT",
  "EVENT",
  "OCCURRED_AT",
  "IS_QUIET",
  "CHANGED",
  "EXPIRES_FROM",
  "ZONE",
  "T_PLAN",
  "T_VISITS",
  "T_EMAIL"
)
SELECT
  7 AS "EPOCH",
  ROW_NUMBER() OVER (ORDER BY "TARGET_ID", "IDENTITY") + 2 AS "SEQ",
  "OP" AS "OP",
  "CAUSE" AS "CAUSE",
  "IDENTITY" AS "IDENTITY",
  "EXTERNAL_ID" AS "EXTERNAL_ID",
  "EXTERNAL_KEY" AS "EXTERNAL_KEY",
  "RELATED_ID" AS "RELATED_ID",
  "TARGET_ID" AS "TARGET_ID",
  "REASON" AS "REASON",
  "TRANSITION" AS "TRANSITION",
  "ORIGIN_EPOCH" AS "ORIGIN_EPOCH",
  "TO_REPEAT" AS "TO_REPEAT",
  "FINGERPRINT" AS "FINGERPRINT",
  "EVENT" AS "EVENT",
  "OCCURRED_AT" AS "OCCURRED_AT",
  "IS_QUIET" AS "IS_QUIET",
  "CHANGED" AS "CHANGED",
  "EXPIRES_FROM" AS "EXPIRES_FROM",
  "ZONE" AS "ZONE",
  "T_PLAN" AS "T_PLAN",
  "T_VISITS" AS "T_VISITS",
  "T_EMAIL" AS "T_EMAIL"
FROM (
  SELECT
    *
  FROM "ACTIVATION_PLANNED"
  WHERE
    "OP" = 'add'
) AS "P";

MERGE INTO "SHOP_ACTIVATION"."SNAPSHOT_PEOPLE__MAILER" AS "T"
USING (
  SELECT
    "C"."IDENTITY" AS "IDENTITY",
    "C"."FINGERPRINT" AS "FINGERPRINT",
    1 AS "TARGET_ID"
  FROM "ACTIVATION_CANDIDATES" AS "C"
  WHERE
    (
      "C"."IS_WANTED"
      AND "C"."IS_KNOWN"
      AND NOT EXISTS(
        SELECT
          1
        FROM "ACTIVATION_PLANNED" AS "P"
        WHERE
          "P"."IDENTITY" = "C"."IDENTITY"
      )
    )
    AND NOT EXISTS(
      SELECT
        1
      FROM "ACTIVATION_DUPLICATES" AS "U"
      WHERE
        "U"."IDENTITY" = "C"."IDENTITY"
    )
) AS "N"
ON "T"."IDENTITY" = "N"."IDENTITY"
WHEN MATCHED THEN UPDATE SET
  "FINGERPRINT" = "N"."FINGERPRINT",
  "TARGET_ID" = "N"."TARGET_ID";

UPDATE "SHOP_ACTIVATION"."SNAPSHOT_PEOPLE__MAILER" SET "ATTEMPTED" = NULL, "ATTEMPTED_OP" = NULL
WHERE
  NOT "ATTEMPTED_OP" IS NULL
  AND "UNCONFIRMED" IS NULL
  AND NOT "IDENTITY" IN (
    SELECT
      "IDENTITY"
    FROM "ACTIVATION_PLANNED"
  );

UPDATE "SHOP_ACTIVATION"."SNAPSHOT_PEOPLE__MAILER" SET "T_OLD" = NULL
WHERE
  NOT "T_OLD" IS NULL
  AND COALESCE(
    "EXTERNAL_KEY",
    TRANSLATE(
      TRIM(
        COALESCE("EXTERNAL_ID", "IDENTITY"),
        '\t\n\x0b\f\r\x1c\x1d\x1e\x1f                  　'
      ),
      'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
      'abcdefghijklmnopqrstuvwxyz'
    )
  ) IN (
    SELECT
      "ID" AS "EXTERNAL_KEY",
      TRUE AS "N0"
    FROM "SHOP"."OTHERS"
  );

DELETE FROM "SHOP_ACTIVATION"."DEAD_LETTERS"
WHERE
  "SYNC" = 'people__mailer'
  AND "CODE" IN ('identity-missing', 'identity-duplicate', 'address-missing', 'null-refused');

INSERT INTO "SHOP_ACTIVATION"."DEAD_LETTERS" (
  "SYNC",
  "IDENTITY",
  "CODE",
  "REASON",
  "FIRST_REJECTED_AT",
  "LAST_REJECTED_AT",
  "ATTEMPTS",
  "MODEL_ROWS"
)
SELECT
  'people__mailer',
  '',
  'identity-missing',
  'the identity is null or blank',
  CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP),
  CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP),
  1,
  2;

INSERT INTO "SHOP_ACTIVATION"."DEAD_LETTERS" (
  "SYNC",
  "IDENTITY",
  "CODE",
  "REASON",
  "FIRST_REJECTED_AT",
  "LAST_REJECTED_AT",
  "ATTEMPTS",
  "MODEL_ROWS"
)
SELECT
  'people__mailer',
  "IDENTITY",
  'identity-duplicate',
  'the identity or its address stands more than once in the model',
  CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP),
  CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP),
  1,
  "MODEL_ROWS"
FROM "ACTIVATION_DUPLICATES"
WHERE
  NOT "IDENTITY" IN (
    SELECT
      "IDENTITY"
    FROM "SHOP_ACTIVATION"."DEAD_LETTERS"
    WHERE
      "SYNC" = 'people__mailer'
  )
  AND "MODEL_ROWS" > 0
LIMIT 10000;

INSERT INTO "SHOP_ACTIVATION"."DEAD_LETTERS" (
  "SYNC",
  "IDENTITY",
  "CODE",
  "REASON",
  "FIRST_REJECTED_AT",
  "LAST_REJECTED_AT",
  "ATTEMPTS",
  "MODEL_ROWS"
)
SELECT
  'people__mailer',
  "IDENTITY",
  'address-missing',
  'the column of `identify_by` is null or blank',
  CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP),
  CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP),
  1,
  COUNT(*)
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
        CAST('3;snowflake 1;efa4daa75bd8bd4890d3211f673d250b' AS VARCHAR),
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
) AS "F"
WHERE
  "DETAIL" = 'address-missing'
  AND NOT "IDENTITY" IN (
    SELECT
      "IDENTITY"
    FROM "SHOP_ACTIVATION"."DEAD_LETTERS"
    WHERE
      "SYNC" = 'people__mailer'
  )
GROUP BY
  "IDENTITY"
LIMIT 10000;

INSERT INTO "SHOP_ACTIVATION"."DEAD_LETTERS" (
  "SYNC",
  "IDENTITY",
  "CODE",
  "REASON",
  "FIRST_REJECTED_AT",
  "LAST_REJECTED_AT",
  "ATTEMPTS",
  "MODEL_ROWS"
)
SELECT
  'people__mailer',
  "IDENTITY",
  'null-refused',
  'a column with nulls: reject is null',
  CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP),
  CAST(CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP()) AS TIMESTAMP),
  1,
  COUNT(*)
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
        CAST('3;snowflake 1;efa4daa75bd8bd4890d3211f673d250b' AS VARCHAR),
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
) AS "F"
WHERE
  "DETAIL" = 'null-refused'
  AND NOT "IDENTITY" IN (
    SELECT
      "IDENTITY"
    FROM "SHOP_ACTIVATION"."DEAD_LETTERS"
    WHERE
      "SYNC" = 'people__mailer'
  )
GROUP BY
  "IDENTITY"
LIMIT 10000;

INSERT INTO "SHOP_ACTIVATION"."SYNCS" (
  "SYNC",
  "MODEL",
  "DESTINATION",
  "KIND",
  "IDENTITY",
  "IDENTIFY_BY",
  "DEFINITION",
  "DEFINITION_VERSION",
  "COLUMNS",
  "RECIPE",
  "MAPPING",
  "WROTE",
  "PLANNED_EPOCH"
)
SELECT
  'people__mailer',
  'people',
  'mailer',
  'traits',
  'id',
  'email',
  '',
  1,
  '[{"name": "plan", "type": "text", "pii": false, "dropped": false, "superseded": false, "column": "t_plan", "stored": "varchar"}, {"name": "visits", "type": "integer", "pii": false, "dropped": false, "superseded": false, "column": "t_visits", "stored": "integer"}, {"name": "email", "type": "text", "pii": true, "dropped": false, "superseded": false, "column": "t_email", "stored": "varchar"}, {"name": "old", "type": "text", "pii": false, "dropped": true, "superseded": false, "column": "t_old", "stored": "text"}, {"name": "visits", "type": "text", "pii": false, "dropped": false, "superseded": true, "column": "t_visits_2", "stored": "text"}]',
  '3;snowflake 1;efa4daa75bd8bd4890d3211f673d250b',
  '{"address":"email","identify_by":"email","options":{},"vendor":"mailer"}',
  '{"email": 7, "plan": 7, "visits": 7}',
  7;

MERGE INTO "SHOP_ACTIVATION"."SNAPSHOT_PEOPLE__MAILER" AS "T"
USING (
  SELECT
    "P"."IDENTITY" AS "IDENTITY",
    CASE
      WHEN "A"."OUTCOME" = 'rejected' AND NOT "S"."IDENTITY" IS NULL
      THEN "S"."EXTERNAL_ID"
      ELSE "P"."EXTERNAL_ID"
    END AS "EXTERNAL_ID",
    CASE
      WHEN "A"."OUTCOME" = 'rejected' AND NOT "S"."IDENTITY" IS NULL
      THEN "S"."EXTERNAL_KEY"
      ELSE "P"."EXTERNAL_KEY"
    END AS "EXTERNAL_KEY",
    CASE
      WHEN "A"."OUTCOME" = 'rejected' AND NOT "S"."IDENTITY" IS NULL
      THEN "S"."RELATED_ID"
      ELSE "P"."RELATED_ID"
    END AS "RELATED_ID",
    CASE
      WHEN "A"."OUTCOME" = 'rejected' AND NOT "S"."IDENTITY" IS NULL
      THEN "S"."TARGET_ID"
      ELSE "P"."TARGET_ID"
    END AS "TARGET_ID",
    CASE
      WHEN "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      THEN "P"."FINGERPRINT"
      ELSE "S"."FINGERPRINT"
    END AS "FINGERPRINT",
    CASE
      WHEN "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      THEN NULL
      ELSE "P"."FINGERPRINT"
    END AS "ATTEMPTED",
    CASE
      WHEN "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      THEN CAST(NULL AS VARCHAR)
      ELSE "P"."OP"
    END AS "ATTEMPTED_OP",
    CASE
      WHEN "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      THEN NOT "P"."OP" = 'remove'
      ELSE COALESCE("S"."IS_MEMBER", FALSE)
    END AS "IS_MEMBER",
    CASE
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND "P"."OP" = 'add'
      THEN TRUE
      WHEN "P"."OP" = 'remove'
      AND "P"."CAUSE" IS DISTINCT FROM 'moved'
      AND NOT "A"."OUTCOME" = 'rejected'
      THEN FALSE
      ELSE COALESCE("S"."HAS_ENTERED", COALESCE("S"."IS_MEMBER", FALSE))
    END AS "HAS_ENTERED",
    CASE
      WHEN (
        (
          "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
        )
        OR (
          "P"."OP" = 'remove' AND NOT "A"."OUTCOME" = 'rejected'
        )
      )
      THEN "P"."TRANSITION"
      ELSE COALESCE("S"."ENTRIES", 0)
    END AS "ENTRIES",
    COALESCE(
      "S"."FIRST_ENTERED_AT",
      CASE
        WHEN "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
        THEN "A"."ANSWERED_AT"
        ELSE NULL
      END
    ) AS "FIRST_ENTERED_AT",
    CASE
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND "P"."OP" = 'add'
      THEN "A"."ANSWERED_AT"
      ELSE "S"."LAST_ENTERED_AT"
    END AS "LAST_ENTERED_AT",
    CASE
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND "P"."OP" = 'remove'
      THEN "A"."ANSWERED_AT"
      ELSE "S"."LAST_EXITED_AT"
    END AS "LAST_EXITED_AT",
    CASE
      WHEN "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      THEN "A"."ANSWERED_AT"
      ELSE "S"."ACKNOWLEDGED_AT"
    END AS "ACKNOWLEDGED_AT",
    CASE
      WHEN "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      THEN 1
      ELSE "S"."DEFINITION_VERSION"
    END AS "DEFINITION_VERSION",
    CASE
      WHEN "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      THEN CAST(NULL AS VARCHAR)
      WHEN "A"."OUTCOME" = 'rejected'
      THEN "S"."UNCONFIRMED"
      ELSE "P"."OP"
    END AS "UNCONFIRMED",
    CASE
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND (
        (
          (
            "P"."OP" = 'remove' AND NOT "P"."CAUSE" = 'moved'
          )
          OR (
            "P"."CAUSE" = 'moved'
            AND (
              NOT "P"."OP" = 'remove'
              AND "P"."EXTERNAL_KEY" IS DISTINCT FROM "S"."EXTERNAL_KEY"
            )
          )
        )
        OR "S"."UNSURE" IS NULL
      )
      THEN NULL
      WHEN "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      THEN ',' || NULLIF(
        CONCAT(
          CASE
            WHEN (
              COALESCE(CHARINDEX(',t_plan,', "S"."UNSURE"), 0) > 0 OR "S"."UNSURE" = '*'
            )
            AND NOT SUBSTRING("P"."CHANGED", 1, 1) = '1'
            THEN 't_plan,'
            ELSE ''
          END,
          CASE
            WHEN (
              COALESCE(CHARINDEX(',t_visits,', "S"."UNSURE"), 0) > 0 OR "S"."UNSURE" = '*'
            )
            AND NOT SUBSTRING("P"."CHANGED", 2, 1) = '1'
            THEN 't_visits,'
            ELSE ''
          END,
          CASE
            WHEN (
              COALESCE(CHARINDEX(',t_email,', "S"."UNSURE"), 0) > 0 OR "S"."UNSURE" = '*'
            )
            AND NOT SUBSTRING("P"."CHANGED", 3, 1) = '1'
            THEN 't_email,'
            ELSE ''
          END,
          CASE
            WHEN (
              COALESCE(CHARINDEX(',t_old,', "S"."UNSURE"), 0) > 0 OR "S"."UNSURE" = '*'
            )
            AND NOT SUBSTRING("P"."CHANGED", 4, 1) = '1'
            THEN 't_old,'
            ELSE ''
          END,
          CASE
            WHEN (
              COALESCE(CHARINDEX(',t_visits_2,', "S"."UNSURE"), 0) > 0 OR "S"."UNSURE" = '*'
            )
            AND NOT SUBSTRING("P"."CHANGED", 5, 1) = '1'
            THEN 't_visits_2,'
            ELSE ''
          END
        ),
        ''
      )
      WHEN "A"."OUTCOME" = 'rejected'
      THEN "S"."UNSURE"
      WHEN "S"."UNSURE" = '*'
      THEN "S"."UNSURE"
      ELSE ',' || NULLIF(
        CONCAT(
          CASE
            WHEN (
              COALESCE(CHARINDEX(',t_plan,', "S"."UNSURE"), 0) > 0 OR "S"."UNSURE" = '*'
            )
            OR SUBSTRING("P"."CHANGED", 1, 1) = '1'
            THEN 't_plan,'
            ELSE ''
          END,
          CASE
            WHEN (
              COALESCE(CHARINDEX(',t_visits,', "S"."UNSURE"), 0) > 0 OR "S"."UNSURE" = '*'
            )
            OR SUBSTRING("P"."CHANGED", 2, 1) = '1'
            THEN 't_visits,'
            ELSE ''
          END,
          CASE
            WHEN (
              COALESCE(CHARINDEX(',t_email,', "S"."UNSURE"), 0) > 0 OR "S"."UNSURE" = '*'
            )
            OR SUBSTRING("P"."CHANGED", 3, 1) = '1'
            THEN 't_email,'
            ELSE ''
          END,
          CASE
            WHEN (
              COALESCE(CHARINDEX(',t_old,', "S"."UNSURE"), 0) > 0 OR "S"."UNSURE" = '*'
            )
            OR SUBSTRING("P"."CHANGED", 4, 1) = '1'
            THEN 't_old,'
            ELSE ''
          END,
          CASE
            WHEN (
              COALESCE(CHARINDEX(',t_visits_2,', "S"."UNSURE"), 0) > 0 OR "S"."UNSURE" = '*'
            )
            OR SUBSTRING("P"."CHANGED", 5, 1) = '1'
            THEN 't_visits_2,'
            ELSE ''
          END
        ),
        ''
      )
    END AS "UNSURE",
    CASE
      WHEN "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      THEN 0
      WHEN "A"."OUTCOME" IN ('delivered', 'adopted')
      THEN COALESCE("P"."TO_REPEAT", 0) - 1
      WHEN "A"."OUTCOME" = 'rejected'
      THEN "S"."TO_REPEAT"
      ELSE COALESCE("P"."TO_REPEAT", 0)
    END AS "TO_REPEAT",
    CASE
      WHEN "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      THEN CAST(NULL AS BIGINT)
      WHEN "A"."OUTCOME" = 'rejected'
      THEN "S"."ORIGIN_EPOCH"
      ELSE "P"."ORIGIN_EPOCH"
    END AS "ORIGIN_EPOCH",
    7 AS "WRITTEN_EPOCH",
    "S"."REMOTE_ID" AS "REMOTE_ID",
    CASE
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND SUBSTRING("P"."CHANGED", 1, 1) = '1'
      AND "P"."OP" = 'remove'
      THEN NULL
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND SUBSTRING("P"."CHANGED", 1, 1) = '1'
      THEN "P"."T_PLAN"
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND "P"."CAUSE" = 'moved'
      AND (
        NOT "P"."OP" = 'remove'
        AND "P"."EXTERNAL_KEY" IS DISTINCT FROM "S"."EXTERNAL_KEY"
      )
      THEN NULL
      WHEN (
        "A"."OUTCOME" IN ('unknown', 'rejected_partial')
        OR (
          "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) > 0
        )
      )
      AND SUBSTRING("P"."CHANGED", 1, 1) = '1'
      AND NOT "P"."OP" = 'remove'
      THEN COALESCE("P"."T_PLAN", "S"."T_PLAN")
      ELSE "S"."T_PLAN"
    END AS "T_PLAN",
    CASE
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND SUBSTRING("P"."CHANGED", 2, 1) = '1'
      AND "P"."OP" = 'remove'
      THEN NULL
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND SUBSTRING("P"."CHANGED", 2, 1) = '1'
      THEN "P"."T_VISITS"
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND "P"."CAUSE" = 'moved'
      AND (
        NOT "P"."OP" = 'remove'
        AND "P"."EXTERNAL_KEY" IS DISTINCT FROM "S"."EXTERNAL_KEY"
      )
      THEN NULL
      WHEN (
        "A"."OUTCOME" IN ('unknown', 'rejected_partial')
        OR (
          "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) > 0
        )
      )
      AND SUBSTRING("P"."CHANGED", 2, 1) = '1'
      AND NOT "P"."OP" = 'remove'
      THEN COALESCE("P"."T_VISITS", "S"."T_VISITS")
      ELSE "S"."T_VISITS"
    END AS "T_VISITS",
    CASE
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND SUBSTRING("P"."CHANGED", 3, 1) = '1'
      AND "P"."OP" = 'remove'
      THEN NULL
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND SUBSTRING("P"."CHANGED", 3, 1) = '1'
      THEN MD5('' || CAST("P"."T_EMAIL" AS VARCHAR))
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND "P"."CAUSE" = 'moved'
      AND (
        NOT "P"."OP" = 'remove'
        AND "P"."EXTERNAL_KEY" IS DISTINCT FROM "S"."EXTERNAL_KEY"
      )
      THEN NULL
      WHEN (
        "A"."OUTCOME" IN ('unknown', 'rejected_partial')
        OR (
          "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) > 0
        )
      )
      AND SUBSTRING("P"."CHANGED", 3, 1) = '1'
      AND NOT "P"."OP" = 'remove'
      THEN COALESCE(MD5('' || CAST("P"."T_EMAIL" AS VARCHAR)), "S"."T_EMAIL")
      ELSE "S"."T_EMAIL"
    END AS "T_EMAIL",
    CASE
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND SUBSTRING("P"."CHANGED", 4, 1) = '1'
      AND "P"."OP" = 'remove'
      THEN NULL
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND SUBSTRING("P"."CHANGED", 4, 1) = '1'
      THEN NULL
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND "P"."CAUSE" = 'moved'
      AND (
        NOT "P"."OP" = 'remove'
        AND "P"."EXTERNAL_KEY" IS DISTINCT FROM "S"."EXTERNAL_KEY"
      )
      THEN NULL
      ELSE "S"."T_OLD"
    END AS "T_OLD",
    CASE
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND SUBSTRING("P"."CHANGED", 5, 1) = '1'
      AND "P"."OP" = 'remove'
      THEN NULL
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND SUBSTRING("P"."CHANGED", 5, 1) = '1'
      THEN NULL
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND "P"."CAUSE" = 'moved'
      AND (
        NOT "P"."OP" = 'remove'
        AND "P"."EXTERNAL_KEY" IS DISTINCT FROM "S"."EXTERNAL_KEY"
      )
      THEN NULL
      ELSE "S"."T_VISITS_2"
    END AS "T_VISITS_2"
  FROM "SHOP_ACTIVATION"."PLAN_PEOPLE__MAILER" AS "P"
  JOIN "SHOP_ACTIVATION"."ACKS_PEOPLE__MAILER" AS "A"
    ON "P"."EPOCH" = "A"."EPOCH" AND "P"."SEQ" = "A"."SEQ"
  LEFT JOIN "SHOP_ACTIVATION"."SNAPSHOT_PEOPLE__MAILER" AS "S"
    ON "S"."IDENTITY" = "P"."IDENTITY"
  WHERE
    (
      "P"."EPOCH" = 7
      AND "A"."OUTCOME" IN ('rejected', 'delivered', 'adopted', 'unknown', 'rejected_partial')
    )
    AND "P"."OP" = 'remove'
    AND COALESCE("S"."WRITTEN_EPOCH", 0) <= 7
) AS "N"
ON "T"."IDENTITY" = "N"."IDENTITY"
WHEN MATCHED THEN UPDATE SET
  "EXTERNAL_ID" = "N"."EXTERNAL_ID",
  "EXTERNAL_KEY" = "N"."EXTERNAL_KEY",
  "RELATED_ID" = "N"."RELATED_ID",
  "TARGET_ID" = "N"."TARGET_ID",
  "FINGERPRINT" = "N"."FINGERPRINT",
  "ATTEMPTED" = "N"."ATTEMPTED",
  "ATTEMPTED_OP" = "N"."ATTEMPTED_OP",
  "IS_MEMBER" = "N"."IS_MEMBER",
  "HAS_ENTERED" = "N"."HAS_ENTERED",
  "ENTRIES" = "N"."ENTRIES",
  "FIRST_ENTERED_AT" = "N"."FIRST_ENTERED_AT",
  "LAST_ENTERED_AT" = "N"."LAST_ENTERED_AT",
  "LAST_EXITED_AT" = "N"."LAST_EXITED_AT",
  "ACKNOWLEDGED_AT" = "N"."ACKNOWLEDGED_AT",
  "DEFINITION_VERSION" = "N"."DEFINITION_VERSION",
  "UNCONFIRMED" = "N"."UNCONFIRMED",
  "UNSURE" = "N"."UNSURE",
  "TO_REPEAT" = "N"."TO_REPEAT",
  "ORIGIN_EPOCH" = "N"."ORIGIN_EPOCH",
  "WRITTEN_EPOCH" = "N"."WRITTEN_EPOCH",
  "REMOTE_ID" = "N"."REMOTE_ID",
  "T_PLAN" = "N"."T_PLAN",
  "T_VISITS" = "N"."T_VISITS",
  "T_EMAIL" = "N"."T_EMAIL",
  "T_OLD" = "N"."T_OLD",
  "T_VISITS_2" = "N"."T_VISITS_2"
WHEN NOT MATCHED THEN INSERT (
  "IDENTITY",
  "EXTERNAL_ID",
  "EXTERNAL_KEY",
  "RELATED_ID",
  "TARGET_ID",
  "FINGERPRINT",
  "ATTEMPTED",
  "ATTEMPTED_OP",
  "IS_MEMBER",
  "HAS_ENTERED",
  "ENTRIES",
  "FIRST_ENTERED_AT",
  "LAST_ENTERED_AT",
  "LAST_EXITED_AT",
  "ACKNOWLEDGED_AT",
  "DEFINITION_VERSION",
  "UNCONFIRMED",
  "UNSURE",
  "TO_REPEAT",
  "ORIGIN_EPOCH",
  "WRITTEN_EPOCH",
  "REMOTE_ID",
  "T_PLAN",
  "T_VISITS",
  "T_EMAIL",
  "T_OLD",
  "T_VISITS_2"
) VALUES (
  "N"."IDENTITY",
  "N"."EXTERNAL_ID",
  "N"."EXTERNAL_KEY",
  "N"."RELATED_ID",
  "N"."TARGET_ID",
  "N"."FINGERPRINT",
  "N"."ATTEMPTED",
  "N"."ATTEMPTED_OP",
  "N"."IS_MEMBER",
  "N"."HAS_ENTERED",
  "N"."ENTRIES",
  "N"."FIRST_ENTERED_AT",
  "N"."LAST_ENTERED_AT",
  "N"."LAST_EXITED_AT",
  "N"."ACKNOWLEDGED_AT",
  "N"."DEFINITION_VERSION",
  "N"."UNCONFIRMED",
  "N"."UNSURE",
  "N"."TO_REPEAT",
  "N"."ORIGIN_EPOCH",
  "N"."WRITTEN_EPOCH",
  "N"."REMOTE_ID",
  "N"."T_PLAN",
  "N"."T_VISITS",
  "N"."T_EMAIL",
  "N"."T_OLD",
  "N"."T_VISITS_2"
);

MERGE INTO "SHOP_ACTIVATION"."SNAPSHOT_PEOPLE__MAILER" AS "T"
USING (
  SELECT
    "P"."IDENTITY" AS "IDENTITY",
    CASE
      WHEN "A"."OUTCOME" = 'rejected' AND NOT "S"."IDENTITY" IS NULL
      THEN "S"."EXTERNAL_ID"
      ELSE "P"."EXTERNAL_ID"
    END AS "EXTERNAL_ID",
    CASE
      WHEN "A"."OUTCOME" = 'rejected' AND NOT "S"."IDENTITY" IS NULL
      THEN "S"."EXTERNAL_KEY"
      ELSE "P"."EXTERNAL_KEY"
    END AS "EXTERNAL_KEY",
    CASE
      WHEN "A"."OUTCOME" = 'rejected' AND NOT "S"."IDENTITY" IS NULL
      THEN "S"."RELATED_ID"
      ELSE "P"."RELATED_ID"
    END AS "RELATED_ID",
    CASE
      WHEN "A"."OUTCOME" = 'rejected' AND NOT "S"."IDENTITY" IS NULL
      THEN "S"."TARGET_ID"
      ELSE "P"."TARGET_ID"
    END AS "TARGET_ID",
    CASE
      WHEN "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      THEN "P"."FINGERPRINT"
      ELSE "S"."FINGERPRINT"
    END AS "FINGERPRINT",
    CASE
      WHEN "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      THEN NULL
      ELSE "P"."FINGERPRINT"
    END AS "ATTEMPTED",
    CASE
      WHEN "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      THEN CAST(NULL AS VARCHAR)
      ELSE "P"."OP"
    END AS "ATTEMPTED_OP",
    CASE
      WHEN "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      THEN NOT "P"."OP" = 'remove'
      ELSE COALESCE("S"."IS_MEMBER", FALSE)
    END AS "IS_MEMBER",
    CASE
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND "P"."OP" = 'add'
      THEN TRUE
      WHEN "P"."OP" = 'remove'
      AND "P"."CAUSE" IS DISTINCT FROM 'moved'
      AND NOT "A"."OUTCOME" = 'rejected'
      THEN FALSE
      ELSE COALESCE("S"."HAS_ENTERED", COALESCE("S"."IS_MEMBER", FALSE))
    END AS "HAS_ENTERED",
    CASE
      WHEN (
        (
          "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
        )
        OR (
          "P"."OP" = 'remove' AND NOT "A"."OUTCOME" = 'rejected'
        )
      )
      THEN "P"."TRANSITION"
      ELSE COALESCE("S"."ENTRIES", 0)
    END AS "ENTRIES",
    COALESCE(
      "S"."FIRST_ENTERED_AT",
      CASE
        WHEN "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
        THEN "A"."ANSWERED_AT"
        ELSE NULL
      END
    ) AS "FIRST_ENTERED_AT",
    CASE
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND "P"."OP" = 'add'
      THEN "A"."ANSWERED_AT"
      ELSE "S"."LAST_ENTERED_AT"
    END AS "LAST_ENTERED_AT",
    CASE
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND "P"."OP" = 'remove'
      THEN "A"."ANSWERED_AT"
      ELSE "S"."LAST_EXITED_AT"
    END AS "LAST_EXITED_AT",
    CASE
      WHEN "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      THEN "A"."ANSWERED_AT"
      ELSE "S"."ACKNOWLEDGED_AT"
    END AS "ACKNOWLEDGED_AT",
    CASE
      WHEN "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      THEN 1
      ELSE "S"."DEFINITION_VERSION"
    END AS "DEFINITION_VERSION",
    CASE
      WHEN "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      THEN CAST(NULL AS VARCHAR)
      WHEN "A"."OUTCOME" = 'rejected'
      THEN "S"."UNCONFIRMED"
      ELSE "P"."OP"
    END AS "UNCONFIRMED",
    CASE
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND (
        (
          (
            "P"."OP" = 'remove' AND NOT "P"."CAUSE" = 'moved'
          )
          OR (
            "P"."CAUSE" = 'moved'
            AND (
              NOT "P"."OP" = 'remove'
              AND "P"."EXTERNAL_KEY" IS DISTINCT FROM "S"."EXTERNAL_KEY"
            )
          )
        )
        OR "S"."UNSURE" IS NULL
      )
      THEN NULL
      WHEN "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      THEN ',' || NULLIF(
        CONCAT(
          CASE
            WHEN (
              COALESCE(CHARINDEX(',t_plan,', "S"."UNSURE"), 0) > 0 OR "S"."UNSURE" = '*'
            )
            AND NOT SUBSTRING("P"."CHANGED", 1, 1) = '1'
            THEN 't_plan,'
            ELSE ''
          END,
          CASE
            WHEN (
              COALESCE(CHARINDEX(',t_visits,', "S"."UNSURE"), 0) > 0 OR "S"."UNSURE" = '*'
            )
            AND NOT SUBSTRING("P"."CHANGED", 2, 1) = '1'
            THEN 't_visits,'
            ELSE ''
          END,
          CASE
            WHEN (
              COALESCE(CHARINDEX(',t_email,', "S"."UNSURE"), 0) > 0 OR "S"."UNSURE" = '*'
            )
            AND NOT SUBSTRING("P"."CHANGED", 3, 1) = '1'
            THEN 't_email,'
            ELSE ''
          END,
          CASE
            WHEN (
              COALESCE(CHARINDEX(',t_old,', "S"."UNSURE"), 0) > 0 OR "S"."UNSURE" = '*'
            )
            AND NOT SUBSTRING("P"."CHANGED", 4, 1) = '1'
            THEN 't_old,'
            ELSE ''
          END,
          CASE
            WHEN (
              COALESCE(CHARINDEX(',t_visits_2,', "S"."UNSURE"), 0) > 0 OR "S"."UNSURE" = '*'
            )
            AND NOT SUBSTRING("P"."CHANGED", 5, 1) = '1'
            THEN 't_visits_2,'
            ELSE ''
          END
        ),
        ''
      )
      WHEN "A"."OUTCOME" = 'rejected'
      THEN "S"."UNSURE"
      WHEN "S"."UNSURE" = '*'
      THEN "S"."UNSURE"
      ELSE ',' || NULLIF(
        CONCAT(
          CASE
            WHEN (
              COALESCE(CHARINDEX(',t_plan,', "S"."UNSURE"), 0) > 0 OR "S"."UNSURE" = '*'
            )
            OR SUBSTRING("P"."CHANGED", 1, 1) = '1'
            THEN 't_plan,'
            ELSE ''
          END,
          CASE
            WHEN (
              COALESCE(CHARINDEX(',t_visits,', "S"."UNSURE"), 0) > 0 OR "S"."UNSURE" = '*'
            )
            OR SUBSTRING("P"."CHANGED", 2, 1) = '1'
            THEN 't_visits,'
            ELSE ''
          END,
          CASE
            WHEN (
              COALESCE(CHARINDEX(',t_email,', "S"."UNSURE"), 0) > 0 OR "S"."UNSURE" = '*'
            )
            OR SUBSTRING("P"."CHANGED", 3, 1) = '1'
            THEN 't_email,'
            ELSE ''
          END,
          CASE
            WHEN (
              COALESCE(CHARINDEX(',t_old,', "S"."UNSURE"), 0) > 0 OR "S"."UNSURE" = '*'
            )
            OR SUBSTRING("P"."CHANGED", 4, 1) = '1'
            THEN 't_old,'
            ELSE ''
          END,
          CASE
            WHEN (
              COALESCE(CHARINDEX(',t_visits_2,', "S"."UNSURE"), 0) > 0 OR "S"."UNSURE" = '*'
            )
            OR SUBSTRING("P"."CHANGED", 5, 1) = '1'
            THEN 't_visits_2,'
            ELSE ''
          END
        ),
        ''
      )
    END AS "UNSURE",
    CASE
      WHEN "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      THEN 0
      WHEN "A"."OUTCOME" IN ('delivered', 'adopted')
      THEN COALESCE("P"."TO_REPEAT", 0) - 1
      WHEN "A"."OUTCOME" = 'rejected'
      THEN "S"."TO_REPEAT"
      ELSE COALESCE("P"."TO_REPEAT", 0)
    END AS "TO_REPEAT",
    CASE
      WHEN "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      THEN CAST(NULL AS BIGINT)
      WHEN "A"."OUTCOME" = 'rejected'
      THEN "S"."ORIGIN_EPOCH"
      ELSE "P"."ORIGIN_EPOCH"
    END AS "ORIGIN_EPOCH",
    7 AS "WRITTEN_EPOCH",
    "S"."REMOTE_ID" AS "REMOTE_ID",
    CASE
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND SUBSTRING("P"."CHANGED", 1, 1) = '1'
      AND "P"."OP" = 'remove'
      THEN NULL
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND SUBSTRING("P"."CHANGED", 1, 1) = '1'
      THEN "P"."T_PLAN"
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND "P"."CAUSE" = 'moved'
      AND (
        NOT "P"."OP" = 'remove'
        AND "P"."EXTERNAL_KEY" IS DISTINCT FROM "S"."EXTERNAL_KEY"
      )
      THEN NULL
      WHEN (
        "A"."OUTCOME" IN ('unknown', 'rejected_partial')
        OR (
          "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) > 0
        )
      )
      AND SUBSTRING("P"."CHANGED", 1, 1) = '1'
      AND NOT "P"."OP" = 'remove'
      THEN COALESCE("P"."T_PLAN", "S"."T_PLAN")
      ELSE "S"."T_PLAN"
    END AS "T_PLAN",
    CASE
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND SUBSTRING("P"."CHANGED", 2, 1) = '1'
      AND "P"."OP" = 'remove'
      THEN NULL
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND SUBSTRING("P"."CHANGED", 2, 1) = '1'
      THEN "P"."T_VISITS"
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND "P"."CAUSE" = 'moved'
      AND (
        NOT "P"."OP" = 'remove'
        AND "P"."EXTERNAL_KEY" IS DISTINCT FROM "S"."EXTERNAL_KEY"
      )
      THEN NULL
      WHEN (
        "A"."OUTCOME" IN ('unknown', 'rejected_partial')
        OR (
          "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) > 0
        )
      )
      AND SUBSTRING("P"."CHANGED", 2, 1) = '1'
      AND NOT "P"."OP" = 'remove'
      THEN COALESCE("P"."T_VISITS", "S"."T_VISITS")
      ELSE "S"."T_VISITS"
    END AS "T_VISITS",
    CASE
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND SUBSTRING("P"."CHANGED", 3, 1) = '1'
      AND "P"."OP" = 'remove'
      THEN NULL
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND SUBSTRING("P"."CHANGED", 3, 1) = '1'
      THEN MD5('' || CAST("P"."T_EMAIL" AS VARCHAR))
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND "P"."CAUSE" = 'moved'
      AND (
        NOT "P"."OP" = 'remove'
        AND "P"."EXTERNAL_KEY" IS DISTINCT FROM "S"."EXTERNAL_KEY"
      )
      THEN NULL
      WHEN (
        "A"."OUTCOME" IN ('unknown', 'rejected_partial')
        OR (
          "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) > 0
        )
      )
      AND SUBSTRING("P"."CHANGED", 3, 1) = '1'
      AND NOT "P"."OP" = 'remove'
      THEN COALESCE(MD5('' || CAST("P"."T_EMAIL" AS VARCHAR)), "S"."T_EMAIL")
      ELSE "S"."T_EMAIL"
    END AS "T_EMAIL",
    CASE
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND SUBSTRING("P"."CHANGED", 4, 1) = '1'
      AND "P"."OP" = 'remove'
      THEN NULL
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND SUBSTRING("P"."CHANGED", 4, 1) = '1'
      THEN NULL
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND "P"."CAUSE" = 'moved'
      AND (
        NOT "P"."OP" = 'remove'
        AND "P"."EXTERNAL_KEY" IS DISTINCT FROM "S"."EXTERNAL_KEY"
      )
      THEN NULL
      ELSE "S"."T_OLD"
    END AS "T_OLD",
    CASE
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND SUBSTRING("P"."CHANGED", 5, 1) = '1'
      AND "P"."OP" = 'remove'
      THEN NULL
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND SUBSTRING("P"."CHANGED", 5, 1) = '1'
      THEN NULL
      WHEN (
        "A"."OUTCOME" IN ('delivered', 'adopted') AND COALESCE("P"."TO_REPEAT", 0) = 0
      )
      AND "P"."CAUSE" = 'moved'
      AND (
        NOT "P"."OP" = 'remove'
        AND "P"."EXTERNAL_KEY" IS DISTINCT FROM "S"."EXTERNAL_KEY"
      )
      THEN NULL
      ELSE "S"."T_VISITS_2"
    END AS "T_VISITS_2"
  FROM "SHOP_ACTIVATION"."PLAN_PEOPLE__MAILER" AS "P"
  JOIN "SHOP_ACTIVATION"."ACKS_PEOPLE__MAILER" AS "A"
    ON "P"."EPOCH" = "A"."EPOCH" AND "P"."SEQ" = "A"."SEQ"
  LEFT JOIN "SHOP_ACTIVATION"."SNAPSHOT_PEOPLE__MAILER" AS "S"
    ON "S"."IDENTITY" = "P"."IDENTITY"
  WHERE
    (
      "P"."EPOCH" = 7
      AND "A"."OUTCOME" IN ('rejected', 'delivered', 'adopted', 'unknown', 'rejected_partial')
    )
    AND "P"."OP" <> 'remove'
    AND COALESCE("S"."WRITTEN_EPOCH", 0) <= 7
) AS "N"
ON "T"."IDENTITY" = "N"."IDENTITY"
WHEN MATCHED THEN UPDATE SET
  "EXTERNAL_ID" = "N"."EXTERNAL_ID",
  "EXTERNAL_KEY" = "N"."EXTERNAL_KEY",
  "RELATED_ID" = "N"."RELATED_ID",
  "TARGET_ID" = "N"."TARGET_ID",
  "FINGERPRINT" = "N"."FINGERPRINT",
  "ATTEMPTED" = "N"."ATTEMPTED",
  "ATTEMPTED_OP" = "N"."ATTEMPTED_OP",
  "IS_MEMBER" = "N"."IS_MEMBER",
  "HAS_ENTERED" = "N"."HAS_ENTERED",
  "ENTRIES" = "N"."ENTRIES",
  "FIRST_ENTERED_AT" = "N"."FIRST_ENTERED_AT",
  "LAST_ENTERED_AT" = "N"."LAST_ENTERED_AT",
  "LAST_EXITED_AT" = "N"."LAST_EXITED_AT",
  "ACKNOWLEDGED_AT" = "N"."ACKNOWLEDGED_AT",
  "DEFINITION_VERSION" = "N"."DEFINITION_VERSION",
  "UNCONFIRMED" = "N"."UNCONFIRMED",
  "UNSURE" = "N"."UNSURE",
  "TO_REPEAT" = "N"."TO_REPEAT",
  "ORIGIN_EPOCH" = "N"."ORIGIN_EPOCH",
  "WRITTEN_EPOCH" = "N"."WRITTEN_EPOCH",
  "REMOTE_ID" = "N"."REMOTE_ID",
  "T_PLAN" = "N"."T_PLAN",
  "T_VISITS" = "N"."T_VISITS",
  "T_EMAIL" = "N"."T_EMAIL",
  "T_OLD" = "N"."T_OLD",
  "T_VISITS_2" = "N"."T_VISITS_2"
WHEN NOT MATCHED THEN INSERT (
  "IDENTITY",
  "EXTERNAL_ID",
  "EXTERNAL_KEY",
  "RELATED_ID",
  "TARGET_ID",
  "FINGERPRINT",
  "ATTEMPTED",
  "ATTEMPTED_OP",
  "IS_MEMBER",
  "HAS_ENTERED",
  "ENTRIES",
  "FIRST_ENTERED_AT",
  "LAST_ENTERED_AT",
  "LAST_EXITED_AT",
  "ACKNOWLEDGED_AT",
  "DEFINITION_VERSION",
  "UNCONFIRMED",
  "UNSURE",
  "TO_REPEAT",
  "ORIGIN_EPOCH",
  "WRITTEN_EPOCH",
  "REMOTE_ID",
  "T_PLAN",
  "T_VISITS",
  "T_EMAIL",
  "T_OLD",
  "T_VISITS_2"
) VALUES (
  "N"."IDENTITY",
  "N"."EXTERNAL_ID",
  "N"."EXTERNAL_KEY",
  "N"."RELATED_ID",
  "N"."TARGET_ID",
  "N"."FINGERPRINT",
  "N"."ATTEMPTED",
  "N"."ATTEMPTED_OP",
  "N"."IS_MEMBER",
  "N"."HAS_ENTERED",
  "N"."ENTRIES",
  "N"."FIRST_ENTERED_AT",
  "N"."LAST_ENTERED_AT",
  "N"."LAST_EXITED_AT",
  "N"."ACKNOWLEDGED_AT",
  "N"."DEFINITION_VERSION",
  "N"."UNCONFIRMED",
  "N"."UNSURE",
  "N"."TO_REPEAT",
  "N"."ORIGIN_EPOCH",
  "N"."WRITTEN_EPOCH",
  "N"."REMOTE_ID",
  "N"."T_PLAN",
  "N"."T_VISITS",
  "N"."T_EMAIL",
  "N"."T_OLD",
  "N"."T_VISITS_2"
);

INSERT INTO "SHOP_ACTIVATION"."DELIVERIES" (
  "RUN_ID",
  "SYNC",
  "EPOCH",
  "SEQ",
  "IDENTITY",
  "OP",
  "CAUSE",
  "REASON",
  "CHANGED",
  "OUTCOME",
  "CODE",
  "DELIVERED_AT",
  "OCCURRED_AT",
  "DEFINITION_VERSION"
)
SELECT
  'run' AS "RUN_ID",
  'people__mailer' AS "SYNC",
  "P"."EPOCH" AS "EPOCH",
  "P"."SEQ" AS "SEQ",
  "P"."IDENTITY" AS "IDENTITY",
  "P"."OP" AS "OP",
  "P"."CAUSE" AS "CAUSE",
  "P"."REASON" AS "REASON",
  CASE
    WHEN "P"."CHANGED" = '11111'
    THEN '*'
    ELSE CONCAT(
      CASE WHEN SUBSTRING("P"."CHANGED", 1, 1) = '1' THEN 'plan,' ELSE '' END,
      CASE WHEN SUBSTRING("P"."CHANGED", 2, 1) = '1' THEN 'visits,' ELSE '' END,
      CASE WHEN SUBSTRING("P"."CHANGED", 3, 1) = '1' THEN 'email,' ELSE '' END,
      CASE WHEN SUBSTRING("P"."CHANGED", 4, 1) = '1' THEN 'old,' ELSE '' END,
      CASE WHEN SUBSTRING("P"."CHANGED", 5, 1) = '1' THEN 'visits,' ELSE '' END
    )
  END AS "CHANGED",
  "A"."OUTCOME" AS "OUTCOME",
  "A"."CODE" AS "CODE",
  "A"."ANSWERED_AT" AS "DELIVERED_AT",
  "P"."OCCURRED_AT" AS "OCCURRED_AT",
  1 AS "DEFINITION_VERSION"
FROM "SHOP_ACTIVATION"."PLAN_PEOPLE__MAILER" AS "P"
JOIN "SHOP_ACTIVATION"."ACKS_PEOPLE__MAILER" AS "A"
  ON "P"."EPOCH" = "A"."EPOCH" AND "P"."SEQ" = "A"."SEQ"
WHERE
  (
    "P"."EPOCH" = 7
    AND "A"."OUTCOME" IN ('delivered', 'rejected', 'unknown', 'rejected_partial')
  )
  AND NOT EXISTS(
    SELECT
      1
    FROM "SHOP_ACTIVATION"."DELIVERIES" AS "D"
    WHERE
      "D"."SYNC" = 'people__mailer' AND "D"."EPOCH" = 7 AND "D"."SEQ" = "P"."SEQ"
  );

MERGE INTO "SHOP_ACTIVATION"."DEAD_LETTERS" AS "T"
USING (
  SELECT
    'people__mailer' AS "SYNC",
    "P"."IDENTITY" AS "IDENTITY",
    "P"."OP" AS "OP",
    "A"."CODE" AS "CODE",
    "A"."REASON" AS "REASON",
    COALESCE("D"."FIRST_REJECTED_AT", "A"."ANSWERED_AT") AS "FIRST_REJECTED_AT",
    "A"."ANSWERED_AT" AS "LAST_REJECTED_AT",
    CASE
      WHEN COALESCE("D"."EPOCH", 0) < 7
      THEN COALESCE("D"."ATTEMPTS", 0) + 1
      ELSE COALESCE("D"."ATTEMPTS", 0)
    END AS "ATTEMPTS",
    1 AS "MODEL_ROWS",
    7 AS "EPOCH"
  FROM "SHOP_ACTIVATION"."PLAN_PEOPLE__MAILER" AS "P"
  JOIN "SHOP_ACTIVATION"."ACKS_PEOPLE__MAILER" AS "A"
    ON "P"."EPOCH" = "A"."EPOCH" AND "P"."SEQ" = "A"."SEQ"
  LEFT JOIN "SHOP_ACTIVATION"."DEAD_LETTERS" AS "D"
    ON "D"."SYNC" = 'people__mailer' AND "D"."IDENTITY" = "P"."IDENTITY"
  WHERE
    (
      "P"."EPOCH" = 7 AND "A"."OUTCOME" IN ('rejected', 'rejected_partial')
    )
    AND NOT EXISTS(
      SELECT
        1
      FROM "SHOP_ACTIVATION"."PLAN_PEOPLE__MAILER" AS "P2"
      JOIN "SHOP_ACTIVATION"."ACKS_PEOPLE__MAILER" AS "A2"
        ON "P2"."EPOCH" = "A2"."EPOCH" AND "P2"."SEQ" = "A2"."SEQ"
      WHERE
        "P2"."EPOCH" = 7
        AND "A2"."OUTCOME" IN ('rejected', 'rejected_partial')
        AND "P2"."IDENTITY" = "P"."IDENTITY"
        AND "P2"."SEQ" > "P"."SEQ"
    )
) AS "N"
ON "T"."SYNC" = "N"."SYNC" AND "T"."IDENTITY" = "N"."IDENTITY"
WHEN MATCHED THEN UPDATE SET
  "OP" = "N"."OP",
  "CODE" = "N"."CODE",
  "REASON" = "N"."REASON",
  "FIRST_REJECTED_AT" = "N"."FIRST_REJECTED_AT",
  "LAST_REJECTED_AT" = "N"."LAST_REJECTED_AT",
  "ATTEMPTS" = "N"."ATTEMPTS",
  "MODEL_ROWS" = "N"."MODEL_ROWS",
  "EPOCH" = "N"."EPOCH"
WHEN NOT MATCHED THEN INSERT (
  "SYNC",
  "IDENTITY",
  "OP",
  "CODE",
  "REASON",
  "FIRST_REJECTED_AT",
  "LAST_REJECTED_AT",
  "ATTEMPTS",
  "MODEL_ROWS",
  "EPOCH"
) VALUES (
  "N"."SYNC",
  "N"."IDENTITY",
  "N"."OP",
  "N"."CODE",
  "N"."REASON",
  "N"."FIRST_REJECTED_AT",
  "N"."LAST_REJECTED_AT",
  "N"."ATTEMPTS",
  "N"."MODEL_ROWS",
  "N"."EPOCH"
);

DELETE FROM "SHOP_ACTIVATION"."DEAD_LETTERS"
WHERE
  "SYNC" = 'people__mailer'
  AND "IDENTITY" IN (
    SELECT
      "P"."IDENTITY"
    FROM "SHOP_ACTIVATION"."PLAN_PEOPLE__MAILER" AS "P"
    JOIN "SHOP_ACTIVATION"."ACKS_PEOPLE__MAILER" AS "A"
      ON "P"."EPOCH" = "A"."EPOCH" AND "P"."SEQ" = "A"."SEQ"
    WHERE
      "P"."EPOCH" = 7 AND "A"."OUTCOME" IN ('delivered', 'adopted')
  )
  AND NOT "IDENTITY" IN (
    SELECT
      "P"."IDENTITY"
    FROM "SHOP_ACTIVATION"."PLAN_PEOPLE__MAILER" AS "P"
    JOIN "SHOP_ACTIVATION"."ACKS_PEOPLE__MAILER" AS "A"
      ON "P"."EPOCH" = "A"."EPOCH" AND "P"."SEQ" = "A"."SEQ"
    WHERE
      "P"."EPOCH" = 7 AND "A"."OUTCOME" IN ('rejected', 'rejected_partial')
  );

UPDATE "SHOP_ACTIVATION"."SYNCS" SET "SETTLED_EPOCH" = 7
WHERE
  "SYNC" = 'people__mailer';

DELETE FROM "SHOP_ACTIVATION"."PLAN_PEOPLE__MAILER"
WHERE
  "EPOCH" <= 7;

DELETE FROM "SHOP_ACTIVATION"."ACKS_PEOPLE__MAILER"
WHERE
  "EPOCH" <= 7;
