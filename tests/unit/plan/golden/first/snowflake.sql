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
  ROW_NUMBER() OVER (ORDER BY "IDENTITY") AS "SEQ",
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
  WITH "ACTIVATION_CANDIDATES" AS (
    SELECT
      "M"."IDENTITY" AS "IDENTITY",
      TRUE AS "IS_WANTED",
      FALSE AS "IS_KNOWN",
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
    ) AS "M"
    WHERE
      NOT "M"."IDENTITY" IS NULL AND "M"."DETAIL" IS NULL
  ), "JOINED" AS (
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
        NOT "S"."T_VISITS" IS NULL
        OR (
          COALESCE(CHARINDEX(',t_visits,', "S"."UNSURE"), 0) > 0
          OR COALESCE("S"."UNSURE" = '*', FALSE)
        )
      ) AS "H1",
      (
        "C"."T_VISITS" IS DISTINCT FROM "S"."T_VISITS"
        OR (
          COALESCE(CHARINDEX(',t_visits,', "S"."UNSURE"), 0) > 0
          OR COALESCE("S"."UNSURE" = '*', FALSE)
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
      ) AS "D2"
    FROM "ACTIVATION_CANDIDATES" AS "C"
    CROSS JOIN (
      SELECT
        CAST(NULL AS VARCHAR) AS "IDENTITY",
        CAST(NULL AS VARCHAR) AS "EXTERNAL_ID",
        CAST(NULL AS VARCHAR) AS "EXTERNAL_KEY",
        CAST(NULL AS VARCHAR) AS "RELATED_ID",
        CAST(NULL AS INT) AS "TARGET_ID",
        CAST(NULL AS DECIMAL(38, 0)) AS "FINGERPRINT",
        CAST(NULL AS DECIMAL(38, 0)) AS "ATTEMPTED",
        CAST(NULL AS VARCHAR) AS "ATTEMPTED_OP",
        CAST(NULL AS BOOLEAN) AS "IS_MEMBER",
        CAST(NULL AS BOOLEAN) AS "HAS_ENTERED",
        CAST(NULL AS INT) AS "ENTRIES",
        CAST(NULL AS TIMESTAMP) AS "FIRST_ENTERED_AT",
        CAST(NULL AS TIMESTAMP) AS "LAST_ENTERED_AT",
        CAST(NULL AS TIMESTAMP) AS "LAST_EXITED_AT",
        CAST(NULL AS TIMESTAMP) AS "ACKNOWLEDGED_AT",
        CAST(NULL AS INT) AS "DEFINITION_VERSION",
        CAST(NULL AS VARCHAR) AS "UNCONFIRMED",
        CAST(NULL AS VARCHAR) AS "UNSURE",
        CAST(NULL AS INT) AS "TO_REPEAT",
        CAST(NULL AS BIGINT) AS "ORIGIN_EPOCH",
        CAST(NULL AS BIGINT) AS "WRITTEN_EPOCH",
        CAST(NULL AS VARCHAR) AS "REMOTE_ID",
        CAST(NULL AS VARCHAR) AS "T_PLAN",
        CAST(NULL AS INT) AS "T_VISITS",
        CAST(NULL AS VARCHAR) AS "T_EMAIL"
    ) AS "S"
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
                  NOT "T_PLAN" IS NULL
                )
                WHEN "CAUSE" = 'changed'
                THEN (
                  "D0"
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
        END
      ) AS "CHANGED",
      CONCAT(
        CASE WHEN "H0" THEN '1' ELSE '0' END,
        CASE WHEN "H1" THEN '1' ELSE '0' END,
        CASE WHEN "H2" THEN '1' ELSE '0' END
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
              "H0" OR "H1" OR "H2"
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
          WHEN "D0" OR "D1" OR "D2"
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
              "H0" OR "H1" OR "H2"
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
          WHEN "D0" OR "D1" OR "D2"
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
) AS "P";

SELECT
  "KEY"
FROM (
  SELECT
    "IDENTITY" AS "KEY"
  FROM (
    SELECT
      "IDENTITY",
      "EXTERNAL_KEY"
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
      "DETAIL" IS DISTINCT FROM 'unidentified'
  ) AS "R"
  GROUP BY
    "IDENTITY"
  HAVING
    COUNT("IDENTITY") > 1
  UNION ALL
  SELECT
    "EXTERNAL_KEY" AS "KEY"
  FROM (
    SELECT
      "IDENTITY",
      "EXTERNAL_KEY"
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
      "DETAIL" IS DISTINCT FROM 'unidentified'
  ) AS "R"
  GROUP BY
    "EXTERNAL_KEY"
  HAVING
    COUNT("EXTERNAL_KEY") > 1
) AS "D"
LIMIT 1;
