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
    "S"."REMOTE_ID" AS "OLD_REMOTE_ID",
    "C"."T_PLAN" AS "T_PLAN",
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
    ) AS "D0"
  FROM "ACTIVATION_CANDIDATES" AS "C"
  LEFT JOIN "SHOP_ACTIVATION"."SNAPSHOT_PEOPLE__MAILER" AS "S"
    ON "S"."IDENTITY" = "C"."IDENTITY"
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
    COALESCE(CASE WHEN NOT "IS_WANTED" THEN "OLD_TARGET_ID" ELSE 2 END, 2) AS "TARGET_ID",
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
    END AS "CHANGED",
    CASE WHEN "H0" THEN '1' ELSE '0' END AS "LEAVING_CHANGED",
    "T_PLAN" AS "T_PLAN",
    CAST(NULL AS TIMESTAMP) AS "EXPIRES_FROM",
    CAST(NULL AS VARCHAR) AS "ZONE",
    (
      "IS_MEMBER" OR NOT "UNCONFIRMED" IS NULL
    ) AS "IS_HELD",
    "OLD_REMOTE_ID" AS "OLD_REMOTE_ID",
    CASE
      WHEN NOT NOT "IS_WANTED" AND "OLD_TARGET_ID" IN (1)
      THEN ''
      ELSE "OLD_REMOTE_ID"
    END AS "REMOTE_ID"
  FROM (
    SELECT
      *,
      CASE
        WHEN NOT "IS_WANTED"
        AND (
          (
            "IS_MEMBER" OR NOT "UNCONFIRMED" IS NULL
          ) OR "HAS_ENTERED" OR "H0"
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
          "OLD_TARGET_ID" IN (1) OR "EXTERNAL_KEY" IS DISTINCT FROM "OLD_EXTERNAL_KEY"
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
        WHEN "D0"
        THEN 'change'
        ELSE 'same'
      END AS "OP",
      CASE
        WHEN NOT "IS_WANTED"
        AND (
          (
            "IS_MEMBER" OR NOT "UNCONFIRMED" IS NULL
          ) OR "HAS_ENTERED" OR "H0"
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
          "OLD_TARGET_ID" IN (1) OR "EXTERNAL_KEY" IS DISTINCT FROM "OLD_EXTERNAL_KEY"
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
        WHEN "D0"
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
  "REMOTE_ID",
  "T_PLAN"
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
  "OLD_REMOTE_ID" AS "REMOTE_ID",
  "T_PLAN" AS "T_PLAN"
FROM "DECIDED"
WHERE
  "CAUSE" = 'moved' AND "IS_HELD";

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
        CASE
          WHEN (
            COALESCE(CHARINDEX(',t_plan,', "S"."UNSURE"), 0) > 0 OR "S"."UNSURE" = '*'
          )
          AND NOT SUBSTRING("P"."CHANGED", 1, 1) = '1'
          THEN 't_plan,'
          ELSE ''
        END,
        ''
      )
      WHEN "A"."OUTCOME" = 'rejected'
      THEN "S"."UNSURE"
      WHEN "S"."UNSURE" = '*'
      THEN "S"."UNSURE"
      ELSE ',' || NULLIF(
        CASE
          WHEN (
            COALESCE(CHARINDEX(',t_plan,', "S"."UNSURE"), 0) > 0 OR "S"."UNSURE" = '*'
          )
          OR SUBSTRING("P"."CHANGED", 1, 1) = '1'
          THEN 't_plan,'
          ELSE ''
        END,
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
    CASE
      WHEN "A"."OUTCOME" = 'rejected'
      THEN "S"."REMOTE_ID"
      ELSE NULLIF(
        COALESCE(
          "A"."REMOTE_ID",
          CASE WHEN "P"."REMOTE_ID" = '' THEN CAST(NULL AS VARCHAR) ELSE "S"."REMOTE_ID" END
        ),
        ''
      )
    END AS "REMOTE_ID",
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
    END AS "T_PLAN"
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
  "T_PLAN" = "N"."T_PLAN"
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
  "T_PLAN"
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
  "N"."T_PLAN"
);
