CREATE TABLE IF NOT EXISTS `shop_activation`.`leases` (
  `sync` STRING,
  `epoch` BIGINT,
  `owner` STRING,
  `host` STRING,
  `process` STRING,
  `version` STRING,
  `acquired_at` TIMESTAMP,
  `expires_at` TIMESTAMP,
  `is_released` BOOLEAN,
  `installation` STRING,
  `project` STRING,
  `target` STRING,
  `token` STRING,
  `late_epoch` BIGINT,
  `known_epoch` BIGINT
)
LOCATION 's3://activation/shop_activation/leases/'
TBLPROPERTIES (
  'table_type'='ICEBERG'
);

CREATE TABLE IF NOT EXISTS `shop_activation`.`syncs` (
  `sync` STRING,
  `model` STRING,
  `destination` STRING,
  `kind` STRING,
  `identity` STRING,
  `identify_by` STRING,
  `account` STRING,
  `definition` STRING,
  `definition_version` INT,
  `recipe` STRING,
  `columns` STRING,
  `mapping` STRING,
  `baselined_at` TIMESTAMP,
  `completed_at` TIMESTAMP,
  `epoch` BIGINT,
  `installation` STRING,
  `project` STRING,
  `target` STRING,
  `planned_epoch` BIGINT,
  `settled_epoch` BIGINT,
  `grown_epoch` BIGINT,
  `seen` STRING,
  `held_plan` STRING,
  `wrote` STRING,
  `answered` STRING,
  `compiled` STRING
)
LOCATION 's3://activation/shop_activation/syncs/'
TBLPROPERTIES (
  'table_type'='ICEBERG'
);

SELECT
  "epoch",
  "owner",
  "host",
  "process",
  "version",
  "acquired_at",
  "expires_at",
  "is_released",
  "expires_at" + INTERVAL '30' SECOND < CAST(AT_TIMEZONE(CURRENT_TIMESTAMP, 'UTC') AS TIMESTAMP(6)) AS "is_expired",
  COALESCE("token", '') AS "tokens",
  COALESCE("late_epoch", 0) AS "late",
  COALESCE("known_epoch", 0) AS "known"
FROM "shop_activation"."leases"
WHERE
  "sync" = 'people__mailer'
ORDER BY
  "epoch" DESC;

UPDATE "shop_activation"."leases" SET "owner" = 'me', "host" = 'here', "process" = '1', "version" = '1', "epoch" = 7, "token" = 'token', "late_epoch" = 1, "known_epoch" = 0, "acquired_at" = CAST(AT_TIMEZONE(CURRENT_TIMESTAMP, 'UTC') AS TIMESTAMP(6)), "expires_at" = CAST(AT_TIMEZONE(CURRENT_TIMESTAMP, 'UTC') AS TIMESTAMP(6)) + INTERVAL '120' SECOND, "is_released" = FALSE
WHERE
  "sync" = 'people__mailer' AND "epoch" = 1 AND COALESCE("token", '') = 'x';

SELECT
  "epoch",
  "owner",
  "host",
  "process",
  "version",
  "acquired_at",
  "expires_at",
  "is_released",
  "expires_at" + INTERVAL '30' SECOND < CAST(AT_TIMEZONE(CURRENT_TIMESTAMP, 'UTC') AS TIMESTAMP(6)) AS "is_expired",
  COALESCE("token", '') AS "tokens",
  COALESCE("late_epoch", 0) AS "late",
  COALESCE("known_epoch", 0) AS "known"
FROM "shop_activation"."leases"
WHERE
  "sync" = 'people__mailer'
ORDER BY
  "epoch" DESC;

CREATE TABLE IF NOT EXISTS `shop_activation`.`snapshot_people__mailer` (
  `identity` STRING,
  `external_id` STRING,
  `external_key` STRING,
  `related_id` STRING,
  `target_id` INT,
  `fingerprint` BIGINT,
  `attempted` BIGINT,
  `attempted_op` STRING,
  `is_member` BOOLEAN,
  `has_entered` BOOLEAN,
  `entries` INT,
  `first_entered_at` TIMESTAMP,
  `last_entered_at` TIMESTAMP,
  `last_exited_at` TIMESTAMP,
  `acknowledged_at` TIMESTAMP,
  `definition_version` INT,
  `unconfirmed` STRING,
  `unsure` STRING,
  `to_repeat` INT,
  `origin_epoch` BIGINT,
  `written_epoch` BIGINT,
  `remote_id` STRING,
  `t_plan` STRING,
  `t_visits` INT,
  `t_email` STRING,
  `t_old` STRING,
  `t_visits_2` STRING
)
LOCATION 's3://activation/shop_activation/snapshot_people__mailer/'
TBLPROPERTIES (
  'table_type'='ICEBERG'
);

CREATE TABLE IF NOT EXISTS `shop_activation`.`acks_people__mailer` (
  `epoch` BIGINT,
  `flush_id` INT,
  `seq` BIGINT,
  `outcome` STRING,
  `code` STRING,
  `reason` STRING,
  `remote_id` STRING,
  `answered_at` TIMESTAMP
)
LOCATION 's3://activation/shop_activation/acks_people__mailer/'
TBLPROPERTIES (
  'table_type'='ICEBERG'
);

DROP TABLE IF EXISTS `shop_activation`.`plan_people__mailer`;

CREATE TABLE IF NOT EXISTS `shop_activation`.`plan_people__mailer` (
  `epoch` BIGINT,
  `seq` BIGINT,
  `op` STRING,
  `cause` STRING,
  `identity` STRING,
  `external_id` STRING,
  `external_key` STRING,
  `related_id` STRING,
  `target_id` INT,
  `reason` STRING,
  `transition` INT,
  `origin_epoch` BIGINT,
  `to_repeat` INT,
  `fingerprint` BIGINT,
  `event` STRING,
  `occurred_at` TIMESTAMP,
  `is_quiet` BOOLEAN,
  `changed` STRING,
  `expires_from` TIMESTAMP,
  `zone` STRING,
  `remote_id` STRING,
  `t_plan` STRING,
  `t_visits` INT,
  `t_email` STRING
)
LOCATION 's3://activation/shop_activation/plan_people__mailer/'
TBLPROPERTIES (
  'table_type'='ICEBERG'
);

INSERT INTO "shop_activation"."targets" (
  "sync",
  "target_id",
  "target",
  "first_used_at"
)
SELECT
  'people__mailer',
  1,
  '{"manner":{},"names":["email","plan","visits"],"place":{"identify_by":"email"}}',
  CAST(AT_TIMEZONE(CURRENT_TIMESTAMP, 'UTC') AS TIMESTAMP(6))
WHERE
  NOT EXISTS(
    SELECT
      1
    FROM "shop_activation"."targets" AS "t"
    WHERE
      "t"."sync" = 'people__mailer' AND "t"."target_id" = 1
  );

SELECT
  COALESCE(
    SUM(
      CASE WHEN (
        "s"."is_member" OR NOT "s"."unconfirmed" IS NULL
      ) THEN 1 ELSE 0 END
    ),
    0
  ),
  COUNT(*)
FROM "shop_activation"."snapshot_people__mailer" AS "s";

SELECT
  COUNT(*),
  COALESCE(SUM(CASE WHEN "detail" = 'unidentified' THEN 1 ELSE 0 END), 0),
  COALESCE(SUM(CASE WHEN "detail" = 'address-missing' THEN 1 ELSE 0 END), 0),
  COALESCE(SUM(CASE WHEN "detail" = 'null-refused' THEN 1 ELSE 0 END), 0)
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
) AS "g";

DROP TABLE IF EXISTS `shop_activation`.`scratch_00000000_candidates_people__mailer`;

CREATE TABLE "shop_activation"."scratch_00000000_candidates_people__mailer"
WITH (
  table_type='ICEBERG',
  is_external=FALSE,
  location='s3://activation/shop_activation/scratch_00000000_candidates_people__mailer/'
) AS
SELECT
  COALESCE("m"."identity", "s"."identity") AS "identity",
  NOT "m"."identity" IS NULL AND "m"."detail" IS NULL AS "is_wanted",
  NOT "s"."identity" IS NULL AS "is_known",
  "m"."external_key" AS "external_key",
  "m"."external_id" AS "external_id",
  "m"."related_id" AS "related_id",
  "m"."reason" AS "reason",
  "m"."event" AS "event",
  "m"."occurred_at" AS "occurred_at",
  "m"."t_plan" AS "t_plan",
  "m"."t_visits" AS "t_visits",
  "m"."t_email" AS "t_email"
FROM (
  SELECT
    CASE
      WHEN "g"."detail" IS DISTINCT FROM 'unidentified'
      THEN "g"."identity"
      ELSE NULL
    END AS "identity",
    "g"."detail" AS "detail",
    "g"."external_key" AS "external_key",
    "g"."external_id" AS "external_id",
    "g"."related_id" AS "related_id",
    "g"."reason" AS "reason",
    "g"."event" AS "event",
    "g"."occurred_at" AS "occurred_at",
    "g"."t_plan" AS "t_plan",
    "g"."t_visits" AS "t_visits",
    "g"."t_email" AS "t_email"
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
) AS "m"
FULL OUTER JOIN (
  SELECT
    "a"."identity" AS "identity",
    "a"."unconfirmed" AS "unconfirmed",
    "a"."t_old" AS "t_old",
    "a"."target_id" AS "target_id",
    "a"."unsure" AS "unsure",
    "a"."t_plan" AS "t_plan",
    "a"."t_visits" AS "t_visits",
    "a"."t_email" AS "t_email",
    "a"."t_visits_2" AS "t_visits_2",
    COALESCE(
      "a"."external_key",
      TRANSLATE(
        TRIM(BOTH '	
                  　' FROM COALESCE("a"."external_id", "a"."identity")),
        'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
        'abcdefghijklmnopqrstuvwxyz'
      )
    ) AS "external_key"
  FROM "shop_activation"."snapshot_people__mailer" AS "a"
  WHERE
    (
      (
        "a"."is_member" OR NOT "a"."unconfirmed" IS NULL
      )
      OR COALESCE("a"."has_entered", "a"."is_member")
      OR (
        NOT "a"."is_member" AND (
          NOT "a"."t_old" IS NULL
        )
      )
    )
) AS "s"
  ON "m"."identity" = "s"."identity"
WHERE
  (
    (
      (
        NOT "m"."identity" IS NULL AND "m"."detail" IS NULL
      )
      AND (
        "s"."identity" IS NULL
        OR NOT "s"."unconfirmed" IS NULL
        OR NOT "s"."t_old" IS NULL
        OR "s"."target_id" IS DISTINCT FROM 1
        OR "m"."external_key" IS DISTINCT FROM "s"."external_key"
        OR (
          LOWER(TO_HEX(MD5(TO_UTF8('' || CAST("m"."t_email" AS VARCHAR))))) IS DISTINCT FROM "s"."t_email"
          OR (
            COALESCE(STRPOS("s"."unsure", ',t_email,'), 0) > 0
            OR COALESCE("s"."unsure" = '*', FALSE)
          )
        )
        OR (
          "m"."t_plan" IS DISTINCT FROM "s"."t_plan"
          OR (
            COALESCE(STRPOS("s"."unsure", ',t_plan,'), 0) > 0
            OR COALESCE("s"."unsure" = '*', FALSE)
          )
        )
        OR (
          "m"."t_visits" IS DISTINCT FROM "s"."t_visits"
          OR (
            COALESCE(STRPOS("s"."unsure", ',t_visits,'), 0) > 0
            OR COALESCE("s"."unsure" = '*', FALSE)
          )
        )
        OR NOT "s"."t_visits_2" IS NULL
      )
    )
    OR (
      NOT (
        NOT "m"."identity" IS NULL AND "m"."detail" IS NULL
      )
      AND NOT "s"."identity" IS NULL
    )
  )
  AND NOT COALESCE("m"."detail" IN ('address-missing', 'null-refused'), FALSE);

DROP TABLE IF EXISTS `shop_activation`.`scratch_00000000_duplicates_people__mailer`;

CREATE TABLE "shop_activation"."scratch_00000000_duplicates_people__mailer"
WITH (
  table_type='ICEBERG',
  is_external=FALSE,
  location='s3://activation/shop_activation/scratch_00000000_duplicates_people__mailer/'
) AS
SELECT
  "identity",
  COALESCE(SUM(CASE WHEN "detail" IS NULL THEN 1 ELSE 0 END), 0) AS "model_rows"
FROM (
  SELECT
    "g"."identity",
    "g"."detail",
    COUNT("g"."identity") OVER (PARTITION BY "g"."identity") AS "by_identity",
    COUNT("g"."external_key") OVER (PARTITION BY "g"."external_key") AS "by_external_key"
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
    "g"."detail" IS DISTINCT FROM 'unidentified'
) AS "d"
WHERE
  "by_identity" > 1 OR "by_external_key" > 1
GROUP BY
  "identity";

SELECT
  SUM("model_rows")
FROM "shop_activation"."scratch_00000000_duplicates_people__mailer" AS "activation_duplicates";

DROP TABLE IF EXISTS `shop_activation`.`scratch_00000000_shared_people__mailer`;

CREATE TABLE "shop_activation"."scratch_00000000_shared_people__mailer"
WITH (
  table_type='ICEBERG',
  is_external=FALSE,
  location='s3://activation/shop_activation/scratch_00000000_shared_people__mailer/'
) AS
SELECT
  "s"."identity" AS "leaver",
  "o"."identity" AS "stayer"
FROM "shop_activation"."scratch_00000000_candidates_people__mailer" AS "c"
JOIN "shop_activation"."snapshot_people__mailer" AS "s"
  ON "s"."identity" = "c"."identity"
JOIN "shop_activation"."snapshot_people__mailer" AS "o"
  ON COALESCE(
    "o"."external_key",
    TRANSLATE(
      TRIM(BOTH '	
                  　' FROM COALESCE("o"."external_id", "o"."identity")),
      'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
      'abcdefghijklmnopqrstuvwxyz'
    )
  ) = COALESCE(
    "s"."external_key",
    TRANSLATE(
      TRIM(BOTH '	
                  　' FROM COALESCE("s"."external_id", "s"."identity")),
      'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
      'abcdefghijklmnopqrstuvwxyz'
    )
  )
WHERE
  (
    (
      (
        "s"."is_member" OR NOT "s"."unconfirmed" IS NULL
      )
      OR (
        NOT "c"."is_wanted" AND COALESCE("s"."has_entered", "s"."is_member")
      )
    )
    AND (
      "o"."is_member" OR NOT "o"."unconfirmed" IS NULL
    )
    AND "o"."identity" <> "s"."identity"
    AND (
      NOT "c"."is_wanted"
      OR "c"."external_key" IS DISTINCT FROM COALESCE(
        "s"."external_key",
        TRANSLATE(
          TRIM(BOTH '	
                  　' FROM COALESCE("s"."external_id", "s"."identity")),
          'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
          'abcdefghijklmnopqrstuvwxyz'
        )
      )
    )
    AND NOT EXISTS(
      SELECT
        1
      FROM "shop_activation"."scratch_00000000_candidates_people__mailer" AS "d"
      WHERE
        (
          "d"."identity" = "o"."identity"
          AND (
            NOT "d"."is_wanted"
            OR "d"."external_key" IS DISTINCT FROM COALESCE(
              "o"."external_key",
              TRANSLATE(
                TRIM(BOTH '	
                  　' FROM COALESCE("o"."external_id", "o"."identity")),
                'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
                'abcdefghijklmnopqrstuvwxyz'
              )
            )
          )
        )
        AND NOT EXISTS(
          SELECT
            1
          FROM "shop_activation"."scratch_00000000_duplicates_people__mailer" AS "u"
          WHERE
            "u"."identity" = "d"."identity"
        )
    )
  )
  AND NOT EXISTS(
    SELECT
      1
    FROM "shop_activation"."scratch_00000000_duplicates_people__mailer" AS "u"
    WHERE
      "u"."identity" = "c"."identity"
  );

SELECT
  1
FROM "shop_activation"."scratch_00000000_shared_people__mailer" AS "activation_shared"
LIMIT 1;

MERGE INTO "shop_activation"."snapshot_people__mailer" AS "t"
USING (
  SELECT
    "s"."identity" AS "identity",
    "s"."external_id" AS "external_id",
    "s"."external_key" AS "external_key",
    "s"."related_id" AS "related_id",
    "s"."target_id" AS "target_id",
    "s"."fingerprint" AS "fingerprint",
    "s"."attempted" AS "attempted",
    CAST(NULL AS VARCHAR) AS "attempted_op",
    CASE
      WHEN "s"."identity" IN (
        SELECT
          "leaver"
        FROM "shop_activation"."scratch_00000000_shared_people__mailer" AS "activation_shared"
      )
      THEN FALSE
      ELSE "s"."is_member"
    END AS "is_member",
    CASE
      WHEN "s"."identity" IN (
        SELECT
          "leaver"
        FROM "shop_activation"."scratch_00000000_shared_people__mailer" AS "activation_shared"
      )
      THEN FALSE
      ELSE "s"."has_entered"
    END AS "has_entered",
    "s"."entries" AS "entries",
    "s"."first_entered_at" AS "first_entered_at",
    "s"."last_entered_at" AS "last_entered_at",
    "s"."last_exited_at" AS "last_exited_at",
    "s"."acknowledged_at" AS "acknowledged_at",
    "s"."definition_version" AS "definition_version",
    CASE
      WHEN "s"."identity" IN (
        SELECT
          "leaver"
        FROM "shop_activation"."scratch_00000000_shared_people__mailer" AS "activation_shared"
      )
      THEN CAST(NULL AS VARCHAR)
      ELSE 'change'
    END AS "unconfirmed",
    CASE
      WHEN "s"."identity" IN (
        SELECT
          "leaver"
        FROM "shop_activation"."scratch_00000000_shared_people__mailer" AS "activation_shared"
      )
      THEN CAST(NULL AS VARCHAR)
      ELSE '*'
    END AS "unsure",
    COALESCE(
      (
        SELECT
          MAX("r"."to_repeat")
        FROM "shop_activation"."snapshot_people__mailer" AS "r"
        WHERE
          COALESCE(
            "r"."external_key",
            TRANSLATE(
              TRIM(BOTH '	
                  　' FROM COALESCE("r"."external_id", "r"."identity")),
              'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
              'abcdefghijklmnopqrstuvwxyz'
            )
          ) = COALESCE(
            "s"."external_key",
            TRANSLATE(
              TRIM(BOTH '	
                  　' FROM COALESCE("s"."external_id", "s"."identity")),
              'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
              'abcdefghijklmnopqrstuvwxyz'
            )
          )
      ),
      0
    ) AS "to_repeat",
    "s"."origin_epoch" AS "origin_epoch",
    7 AS "written_epoch",
    "s"."remote_id" AS "remote_id",
    CASE
      WHEN "s"."identity" IN (
        SELECT
          "leaver"
        FROM "shop_activation"."scratch_00000000_shared_people__mailer" AS "activation_shared"
      )
      THEN NULL
      ELSE "s"."t_plan"
    END AS "t_plan",
    CASE
      WHEN "s"."identity" IN (
        SELECT
          "leaver"
        FROM "shop_activation"."scratch_00000000_shared_people__mailer" AS "activation_shared"
      )
      THEN NULL
      ELSE "s"."t_visits"
    END AS "t_visits",
    CASE
      WHEN "s"."identity" IN (
        SELECT
          "leaver"
        FROM "shop_activation"."scratch_00000000_shared_people__mailer" AS "activation_shared"
      )
      THEN NULL
      ELSE "s"."t_email"
    END AS "t_email",
    CASE
      WHEN "s"."identity" IN (
        SELECT
          "leaver"
        FROM "shop_activation"."scratch_00000000_shared_people__mailer" AS "activation_shared"
      )
      THEN NULL
      ELSE "s"."t_old"
    END AS "t_old",
    CASE
      WHEN "s"."identity" IN (
        SELECT
          "leaver"
        FROM "shop_activation"."scratch_00000000_shared_people__mailer" AS "activation_shared"
      )
      THEN NULL
      ELSE "s"."t_visits_2"
    END AS "t_visits_2"
  FROM "shop_activation"."snapshot_people__mailer" AS "s"
  WHERE
    (
      "s"."identity" IN (
        SELECT
          "leaver"
        FROM "shop_activation"."scratch_00000000_shared_people__mailer" AS "activation_shared"
      )
      OR "s"."identity" IN (
        SELECT
          "stayer"
        FROM "shop_activation"."scratch_00000000_shared_people__mailer" AS "activation_shared"
      )
    )
) AS "n"
ON "t"."identity" = "n"."identity"
WHEN MATCHED THEN UPDATE SET
  "external_id" = "n"."external_id",
  "external_key" = "n"."external_key",
  "related_id" = "n"."related_id",
  "target_id" = "n"."target_id",
  "fingerprint" = "n"."fingerprint",
  "attempted" = "n"."attempted",
  "attempted_op" = "n"."attempted_op",
  "is_member" = "n"."is_member",
  "has_entered" = "n"."has_entered",
  "entries" = "n"."entries",
  "first_entered_at" = "n"."first_entered_at",
  "last_entered_at" = "n"."last_entered_at",
  "last_exited_at" = "n"."last_exited_at",
  "acknowledged_at" = "n"."acknowledged_at",
  "definition_version" = "n"."definition_version",
  "unconfirmed" = "n"."unconfirmed",
  "unsure" = "n"."unsure",
  "to_repeat" = "n"."to_repeat",
  "origin_epoch" = "n"."origin_epoch",
  "written_epoch" = "n"."written_epoch",
  "remote_id" = "n"."remote_id",
  "t_plan" = "n"."t_plan",
  "t_visits" = "n"."t_visits",
  "t_email" = "n"."t_email",
  "t_old" = "n"."t_old",
  "t_visits_2" = "n"."t_visits_2"
WHEN NOT MATCHED THEN INSERT (
  "identity",
  "external_id",
  "external_key",
  "related_id",
  "target_id",
  "fingerprint",
  "attempted",
  "attempted_op",
  "is_member",
  "has_entered",
  "entries",
  "first_entered_at",
  "last_entered_at",
  "last_exited_at",
  "acknowledged_at",
  "definition_version",
  "unconfirmed",
  "unsure",
  "to_repeat",
  "origin_epoch",
  "written_epoch",
  "remote_id",
  "t_plan",
  "t_visits",
  "t_email",
  "t_old",
  "t_visits_2"
) VALUES (
  "n"."identity",
  "n"."external_id",
  "n"."external_key",
  "n"."related_id",
  "n"."target_id",
  "n"."fingerprint",
  "n"."attempted",
  "n"."attempted_op",
  "n"."is_member",
  "n"."has_entered",
  "n"."entries",
  "n"."first_entered_at",
  "n"."last_entered_at",
  "n"."last_exited_at",
  "n"."acknowledged_at",
  "n"."definition_version",
  "n"."unconfirmed",
  "n"."unsure",
  "n"."to_repeat",
  "n"."origin_epoch",
  "n"."written_epoch",
  "n"."remote_id",
  "n"."t_plan",
  "n"."t_visits",
  "n"."t_email",
  "n"."t_old",
  "n"."t_visits_2"
);

DROP TABLE IF EXISTS `shop_activation`.`scratch_00000000_candidates_people__mailer`;

CREATE TABLE "shop_activation"."scratch_00000000_candidates_people__mailer"
WITH (
  table_type='ICEBERG',
  is_external=FALSE,
  location='s3://activation/shop_activation/scratch_00000000_candidates_people__mailer/'
) AS
SELECT
  COALESCE("m"."identity", "s"."identity") AS "identity",
  NOT "m"."identity" IS NULL AND "m"."detail" IS NULL AS "is_wanted",
  NOT "s"."identity" IS NULL AS "is_known",
  "m"."external_key" AS "external_key",
  "m"."external_id" AS "external_id",
  "m"."related_id" AS "related_id",
  "m"."reason" AS "reason",
  "m"."event" AS "event",
  "m"."occurred_at" AS "occurred_at",
  "m"."t_plan" AS "t_plan",
  "m"."t_visits" AS "t_visits",
  "m"."t_email" AS "t_email"
FROM (
  SELECT
    CASE
      WHEN "g"."detail" IS DISTINCT FROM 'unidentified'
      THEN "g"."identity"
      ELSE NULL
    END AS "identity",
    "g"."detail" AS "detail",
    "g"."external_key" AS "external_key",
    "g"."external_id" AS "external_id",
    "g"."related_id" AS "related_id",
    "g"."reason" AS "reason",
    "g"."event" AS "event",
    "g"."occurred_at" AS "occurred_at",
    "g"."t_plan" AS "t_plan",
    "g"."t_visits" AS "t_visits",
    "g"."t_email" AS "t_email"
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
) AS "m"
FULL OUTER JOIN (
  SELECT
    "a"."identity" AS "identity",
    "a"."unconfirmed" AS "unconfirmed",
    "a"."t_old" AS "t_old",
    "a"."target_id" AS "target_id",
    "a"."unsure" AS "unsure",
    "a"."t_plan" AS "t_plan",
    "a"."t_visits" AS "t_visits",
    "a"."t_email" AS "t_email",
    "a"."t_visits_2" AS "t_visits_2",
    COALESCE(
      "a"."external_key",
      TRANSLATE(
        TRIM(BOTH '	
                  　' FROM COALESCE("a"."external_id", "a"."identity")),
        'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
        'abcdefghijklmnopqrstuvwxyz'
      )
    ) AS "external_key"
  FROM "shop_activation"."snapshot_people__mailer" AS "a"
  WHERE
    (
      (
        "a"."is_member" OR NOT "a"."unconfirmed" IS NULL
      )
      OR COALESCE("a"."has_entered", "a"."is_member")
      OR (
        NOT "a"."is_member" AND (
          NOT "a"."t_old" IS NULL
        )
      )
    )
) AS "s"
  ON "m"."identity" = "s"."identity"
WHERE
  (
    (
      (
        NOT "m"."identity" IS NULL AND "m"."detail" IS NULL
      )
      AND (
        "s"."identity" IS NULL
        OR NOT "s"."unconfirmed" IS NULL
        OR NOT "s"."t_old" IS NULL
        OR "s"."target_id" IS DISTINCT FROM 1
        OR "m"."external_key" IS DISTINCT FROM "s"."external_key"
        OR (
          LOWER(TO_HEX(MD5(TO_UTF8('' || CAST("m"."t_email" AS VARCHAR))))) IS DISTINCT FROM "s"."t_email"
          OR (
            COALESCE(STRPOS("s"."unsure", ',t_email,'), 0) > 0
            OR COALESCE("s"."unsure" = '*', FALSE)
          )
        )
        OR (
          "m"."t_plan" IS DISTINCT FROM "s"."t_plan"
          OR (
            COALESCE(STRPOS("s"."unsure", ',t_plan,'), 0) > 0
            OR COALESCE("s"."unsure" = '*', FALSE)
          )
        )
        OR (
          "m"."t_visits" IS DISTINCT FROM "s"."t_visits"
          OR (
            COALESCE(STRPOS("s"."unsure", ',t_visits,'), 0) > 0
            OR COALESCE("s"."unsure" = '*', FALSE)
          )
        )
        OR NOT "s"."t_visits_2" IS NULL
      )
    )
    OR (
      NOT (
        NOT "m"."identity" IS NULL AND "m"."detail" IS NULL
      )
      AND NOT "s"."identity" IS NULL
    )
  )
  AND NOT COALESCE("m"."detail" IN ('address-missing', 'null-refused'), FALSE);

DROP TABLE IF EXISTS `shop_activation`.`scratch_00000000_planned_people__mailer`;

CREATE TABLE "shop_activation"."scratch_00000000_planned_people__mailer"
WITH (
  table_type='ICEBERG',
  is_external=FALSE,
  location='s3://activation/shop_activation/scratch_00000000_planned_people__mailer/'
) AS
WITH "joined" AS (
  SELECT
    "c"."identity" AS "identity",
    "c"."is_wanted" AS "is_wanted",
    "c"."is_known" AS "is_known",
    "c"."external_id" AS "external_id",
    "c"."external_key" AS "external_key",
    "c"."related_id" AS "related_id",
    "c"."reason" AS "reason",
    "c"."event" AS "event",
    "c"."occurred_at" AS "occurred_at",
    CAST(NULL AS BIGINT) AS "fingerprint",
    COALESCE("s"."entries", 0) AS "entries",
    COALESCE("s"."is_member", FALSE) AS "is_member",
    COALESCE(COALESCE("s"."has_entered", "s"."is_member"), FALSE) AS "has_entered",
    "s"."unconfirmed" AS "unconfirmed",
    "s"."origin_epoch" AS "origin_epoch",
    "s"."to_repeat" AS "to_repeat",
    "s"."external_id" AS "old_external_id",
    COALESCE(
      "s"."external_key",
      TRANSLATE(
        TRIM(BOTH '	
                  　' FROM COALESCE("s"."external_id", "s"."identity")),
        'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
        'abcdefghijklmnopqrstuvwxyz'
      )
    ) AS "old_external_key",
    "s"."related_id" AS "old_related_id",
    "s"."target_id" AS "old_target_id",
    "c"."t_plan" AS "t_plan",
    "c"."t_visits" AS "t_visits",
    "c"."t_email" AS "t_email",
    (
      NOT "s"."t_plan" IS NULL
      OR (
        COALESCE(STRPOS("s"."unsure", ',t_plan,'), 0) > 0
        OR COALESCE("s"."unsure" = '*', FALSE)
      )
    ) AS "h0",
    (
      "c"."t_plan" IS DISTINCT FROM "s"."t_plan"
      OR (
        COALESCE(STRPOS("s"."unsure", ',t_plan,'), 0) > 0
        OR COALESCE("s"."unsure" = '*', FALSE)
      )
    ) AS "d0",
    (
      (
        COALESCE("v0"."n0", FALSE)
      )
      AND NOT COALESCE(
        "s"."is_member"
        AND "s"."target_id" IN (1)
        AND "c"."external_key" = COALESCE(
          "s"."external_key",
          TRANSLATE(
            TRIM(BOTH '	
                  　' FROM COALESCE("s"."external_id", "s"."identity")),
            'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
            'abcdefghijklmnopqrstuvwxyz'
          )
        ),
        FALSE
      )
    ) AS "g0",
    (
      NOT "s"."t_visits" IS NULL
      OR (
        COALESCE(STRPOS("s"."unsure", ',t_visits,'), 0) > 0
        OR COALESCE("s"."unsure" = '*', FALSE)
      )
    ) AS "h1",
    (
      (
        "c"."t_visits" IS DISTINCT FROM "s"."t_visits"
        OR (
          COALESCE(STRPOS("s"."unsure", ',t_visits,'), 0) > 0
          OR COALESCE("s"."unsure" = '*', FALSE)
        )
      )
      OR (
        (
          NOT "s"."t_visits_2" IS NULL
          OR (
            COALESCE(STRPOS("s"."unsure", ',t_visits_2,'), 0) > 0
            OR COALESCE("s"."unsure" = '*', FALSE)
          )
        )
      )
    ) AS "d1",
    (
      NOT "s"."t_email" IS NULL
      OR (
        COALESCE(STRPOS("s"."unsure", ',t_email,'), 0) > 0
        OR COALESCE("s"."unsure" = '*', FALSE)
      )
    ) AS "h2",
    (
      LOWER(TO_HEX(MD5(TO_UTF8('' || CAST("c"."t_email" AS VARCHAR))))) IS DISTINCT FROM "s"."t_email"
      OR (
        COALESCE(STRPOS("s"."unsure", ',t_email,'), 0) > 0
        OR COALESCE("s"."unsure" = '*', FALSE)
      )
    ) AS "d2",
    (
      (
        NOT "s"."t_old" IS NULL
        OR (
          COALESCE(STRPOS("s"."unsure", ',t_old,'), 0) > 0
          OR COALESCE("s"."unsure" = '*', FALSE)
        )
      )
      AND NOT (
        NOT "k0"."external_key" IS NULL
      )
    ) AS "h3",
    FALSE AS "d3",
    (
      NOT "s"."t_visits_2" IS NULL
      OR (
        COALESCE(STRPOS("s"."unsure", ',t_visits_2,'), 0) > 0
        OR COALESCE("s"."unsure" = '*', FALSE)
      )
    ) AS "h4",
    FALSE AS "d4"
  FROM "shop_activation"."scratch_00000000_candidates_people__mailer" AS "c"
  LEFT JOIN "shop_activation"."snapshot_people__mailer" AS "s"
    ON "s"."identity" = "c"."identity"
  LEFT JOIN (
    SELECT
      "id" AS "external_key",
      TRUE AS "n0"
    FROM "shop"."others"
  ) AS "k0"
    ON "k0"."external_key" = CASE
      WHEN NOT "s"."identity" IS NULL
      THEN COALESCE(
        "s"."external_key",
        TRANSLATE(
          TRIM(BOTH '	
                  　' FROM COALESCE("s"."external_id", "s"."identity")),
          'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
          'abcdefghijklmnopqrstuvwxyz'
        )
      )
      ELSE "c"."external_key"
    END
  LEFT JOIN (
    SELECT
      "id" AS "external_key",
      TRUE AS "n0"
    FROM "shop"."others"
  ) AS "v0"
    ON "v0"."external_key" = "c"."external_key"
  WHERE
    NOT EXISTS(
      SELECT
        1
      FROM "shop_activation"."scratch_00000000_duplicates_people__mailer" AS "u"
      WHERE
        "u"."identity" = "c"."identity"
    )
), "decided" AS (
  SELECT
    "op" AS "op",
    "cause" AS "cause",
    "identity" AS "identity",
    CASE WHEN NOT "is_wanted" THEN "old_external_id" ELSE "external_id" END AS "external_id",
    CASE WHEN NOT "is_wanted" THEN "old_external_key" ELSE "external_key" END AS "external_key",
    CASE WHEN NOT "is_wanted" THEN "old_related_id" ELSE "related_id" END AS "related_id",
    COALESCE(CASE WHEN NOT "is_wanted" THEN "old_target_id" ELSE 1 END, 1) AS "target_id",
    "reason" AS "reason",
    CASE
      WHEN NOT "is_wanted"
      THEN CASE
        WHEN (
          "has_entered" OR "unconfirmed" = 'remove'
        )
        THEN "entries"
        ELSE "entries" + 1
      END
      WHEN "op" = 'add' AND NOT "has_entered"
      THEN "entries" + 1
      WHEN "entries" = 0
      THEN 1
      ELSE "entries"
    END AS "transition",
    CASE
      WHEN (
        "has_entered" OR "unconfirmed" = 'remove'
      )
      THEN "entries"
      ELSE "entries" + 1
    END AS "leaving_transition",
    "old_external_id" AS "old_external_id",
    "old_external_key" AS "old_external_key",
    "old_target_id" AS "old_target_id",
    CASE WHEN NOT "unconfirmed" IS NULL THEN COALESCE("origin_epoch", 7) ELSE 7 END AS "origin_epoch",
    "to_repeat" AS "to_repeat",
    CASE WHEN NOT "is_wanted" THEN NULL ELSE "fingerprint" END AS "fingerprint",
    "event" AS "event",
    "occurred_at" AS "occurred_at",
    TRUE AS "is_quiet",
    CONCAT(
      CASE
        WHEN CASE
          WHEN "op" = 'remove'
          THEN "h0"
          ELSE (
            CASE
              WHEN "cause" IN ('new', 'moved')
              THEN (
                NOT "t_plan" IS NULL OR "g0"
              )
              WHEN "cause" = 'changed'
              THEN (
                "d0" OR "g0"
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
          WHEN "op" = 'remove'
          THEN "h1"
          ELSE (
            CASE
              WHEN "cause" IN ('new', 'moved')
              THEN (
                NOT "t_visits" IS NULL
              )
              WHEN "cause" = 'changed'
              THEN (
                "d1"
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
          WHEN "op" = 'remove'
          THEN "h2"
          ELSE (
            CASE
              WHEN "cause" IN ('new', 'moved')
              THEN (
                NOT "t_email" IS NULL
              )
              WHEN "cause" = 'changed'
              THEN (
                "d2"
              )
              ELSE TRUE
            END
          )
        END
        THEN '1'
        ELSE '0'
      END,
      CASE
        WHEN CASE WHEN "op" = 'remove' THEN "h3" ELSE (
          "h3"
        ) END
        THEN '1'
        ELSE '0'
      END,
      CASE
        WHEN CASE
          WHEN "op" = 'remove'
          THEN "h4"
          ELSE (
            "h4"
            AND (
              CASE
                WHEN "cause" IN ('new', 'moved')
                THEN (
                  NOT "t_visits" IS NULL
                )
                WHEN "cause" = 'changed'
                THEN (
                  "d1"
                )
                ELSE TRUE
              END
            )
          )
        END
        THEN '1'
        ELSE '0'
      END
    ) AS "changed",
    CONCAT(
      CASE WHEN "h0" THEN '1' ELSE '0' END,
      CASE WHEN "h1" THEN '1' ELSE '0' END,
      CASE WHEN "h2" THEN '1' ELSE '0' END,
      CASE WHEN "h3" THEN '1' ELSE '0' END,
      CASE WHEN "h4" THEN '1' ELSE '0' END
    ) AS "leaving_changed",
    "t_plan" AS "t_plan",
    "t_visits" AS "t_visits",
    "t_email" AS "t_email",
    CAST(NULL AS TIMESTAMP(6)) AS "expires_from",
    CAST(NULL AS VARCHAR) AS "zone",
    (
      "is_member" OR NOT "unconfirmed" IS NULL
    ) AS "is_held"
  FROM (
    SELECT
      *,
      CASE
        WHEN NOT "is_wanted"
        AND (
          (
            "is_member" OR NOT "unconfirmed" IS NULL
          )
          OR "has_entered"
          OR (
            "h0" OR "h1" OR "h2" OR "h3" OR "h4"
          )
        )
        THEN 'remove'
        WHEN NOT "is_wanted"
        THEN 'same'
        WHEN NOT (
          "is_member" OR NOT "unconfirmed" IS NULL
        ) AND "has_entered"
        THEN 'add'
        WHEN NOT (
          "is_member" OR NOT "unconfirmed" IS NULL
        ) AND "entries" > 0
        THEN 'add'
        WHEN NOT (
          "is_member" OR NOT "unconfirmed" IS NULL
        )
        THEN 'add'
        WHEN (
          "external_key" IS DISTINCT FROM "old_external_key"
        )
        THEN 'add'
        WHEN "unconfirmed" = 'remove'
        THEN 'add'
        WHEN "unconfirmed" = 'add'
        THEN 'add'
        WHEN "unconfirmed" = 'change'
        THEN 'change'
        WHEN FALSE
        THEN 'change'
        WHEN "d0" OR "g0" OR "d1" OR "d2" OR "h3"
        THEN 'change'
        ELSE 'same'
      END AS "op",
      CASE
        WHEN NOT "is_wanted"
        AND (
          (
            "is_member" OR NOT "unconfirmed" IS NULL
          )
          OR "has_entered"
          OR (
            "h0" OR "h1" OR "h2" OR "h3" OR "h4"
          )
        )
        THEN 'left'
        WHEN NOT "is_wanted"
        THEN 'same'
        WHEN NOT (
          "is_member" OR NOT "unconfirmed" IS NULL
        ) AND "has_entered"
        THEN 'moved'
        WHEN NOT (
          "is_member" OR NOT "unconfirmed" IS NULL
        ) AND "entries" > 0
        THEN 'returned'
        WHEN NOT (
          "is_member" OR NOT "unconfirmed" IS NULL
        )
        THEN 'new'
        WHEN (
          "external_key" IS DISTINCT FROM "old_external_key"
        )
        THEN 'moved'
        WHEN "unconfirmed" = 'remove'
        THEN 'returned'
        WHEN "unconfirmed" = 'add'
        THEN 'in doubt'
        WHEN "unconfirmed" = 'change'
        THEN 'in doubt'
        WHEN FALSE
        THEN 'asserted'
        WHEN "d0" OR "g0" OR "d1" OR "d2" OR "h3"
        THEN 'changed'
        ELSE 'same'
      END AS "cause"
    FROM "joined"
  ) AS "j"
)
SELECT
  "op",
  "cause",
  "identity",
  "external_id",
  "external_key",
  "related_id",
  "target_id",
  "reason",
  "transition",
  "origin_epoch",
  "to_repeat",
  "fingerprint",
  "event",
  "occurred_at",
  "is_quiet",
  "changed",
  "expires_from",
  "zone",
  "t_plan",
  "t_visits",
  "t_email"
FROM "decided"
WHERE
  "op" <> 'same'
UNION ALL
SELECT
  'remove' AS "op",
  "cause" AS "cause",
  "identity" AS "identity",
  "old_external_id" AS "external_id",
  "old_external_key" AS "external_key",
  "related_id" AS "related_id",
  "old_target_id" AS "target_id",
  "reason" AS "reason",
  "leaving_transition" AS "transition",
  "origin_epoch" AS "origin_epoch",
  "to_repeat" AS "to_repeat",
  NULL AS "fingerprint",
  "event" AS "event",
  "occurred_at" AS "occurred_at",
  FALSE AS "is_quiet",
  "leaving_changed" AS "changed",
  "expires_from" AS "expires_from",
  "zone" AS "zone",
  "t_plan" AS "t_plan",
  "t_visits" AS "t_visits",
  "t_email" AS "t_email"
FROM "decided"
WHERE
  "cause" = 'moved' AND "is_held";

SELECT
  "op",
  "cause",
  COUNT(*)
FROM (
  SELECT
    *
  FROM "shop_activation"."scratch_00000000_planned_people__mailer" AS "activation_planned"
) AS "p"
GROUP BY
  "op",
  "cause";

SELECT
  COALESCE(
    SUM(
      CASE
        WHEN SUBSTR("p"."changed", 1, 1) = '1' AND NOT (
          NOT "p"."t_plan" IS NULL
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
        WHEN SUBSTR("p"."changed", 2, 1) = '1'
        AND NOT (
          NOT "p"."t_visits" IS NULL AND "p"."t_visits" <> 0
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
        WHEN SUBSTR("p"."changed", 3, 1) = '1' AND NOT (
          NOT "p"."t_email" IS NULL
        )
        THEN 1
        ELSE 0
      END
    ),
    0
  )
FROM "shop_activation"."scratch_00000000_planned_people__mailer" AS "p"
WHERE
  "p"."op" = 'change';

SELECT
  COALESCE(SUM(CASE WHEN NOT "s"."t_plan" IS NULL THEN 1 ELSE 0 END), 0),
  COALESCE(
    SUM(CASE WHEN NOT "s"."t_visits" IS NULL AND "s"."t_visits" <> 0 THEN 1 ELSE 0 END),
    0
  ),
  COALESCE(SUM(CASE WHEN NOT "s"."t_email" IS NULL THEN 1 ELSE 0 END), 0)
FROM "shop_activation"."snapshot_people__mailer" AS "s"
WHERE
  "s"."is_member";

INSERT INTO "shop_activation"."plan_people__mailer" (
  "epoch",
  "seq",
  "op",
  "cause",
  "identity",
  "external_id",
  "external_key",
  "related_id",
  "target_id",
  "reason",
  "transition",
  "origin_epoch",
  "to_repeat",
  "fingerprint",
  "event",
  "occurred_at",
  "is_quiet",
  "changed",
  "expires_from",
  "zone",
  "t_plan",
  "t_visits",
  "t_email"
)
SELECT
  7 AS "epoch",
  ROW_NUMBER() OVER (ORDER BY "target_id", "identity") AS "seq",
  "op" AS "op",
  "cause" AS "cause",
  "identity" AS "identity",
  "external_id" AS "external_id",
  "external_key" AS "external_key",
  "related_id" AS "related_id",
  "target_id" AS "target_id",
  "reason" AS "reason",
  "transition" AS "transition",
  "origin_epoch" AS "origin_epoch",
  "to_repeat" AS "to_repeat",
  "fingerprint" AS "fingerprint",
  "event" AS "event",
  "occurred_at" AS "occurred_at",
  "is_quiet" AS "is_quiet",
  "changed" AS "changed",
  "expires_from" AS "expires_from",
  "zone" AS "zone",
  "t_plan" AS "t_plan",
  "t_visits" AS "t_visits",
  "t_email" AS "t_email"
FROM (
  SELECT
    *
  FROM "shop_activation"."scratch_00000000_planned_people__mailer" AS "activation_planned"
  WHERE
    "op" = 'remove'
) AS "p";

INSERT INTO "shop_activation"."plan_people__mailer" (
  "epoch",
  "seq",
  "op",
  "cause",
  "identity",
  "external_id",
  "external_key",
  "related_id",
  "target_id",
  "reason",
  "transition",
  "origin_epoch",
  "to_repeat",
  "fingerprint",
  "event",
  "occurred_at",
  "is_quiet",
  "changed",
  "expires_from",
  "zone",
  "t_plan",
  "t_visits",
  "t_email"
)
SELECT
  7 AS "epoch",
  ROW_NUMBER() OVER (ORDER BY "target_id", "identity") + 1 AS "seq",
  "op" AS "op",
  "cause" AS "cause",
  "identity" AS "identity",
  "external_id" AS "external_id",
  "external_key" AS "external_key",
  "related_id" AS "related_id",
  "target_id" AS "target_id",
  "reason" AS "reason",
  "transition" AS "transition",
  "origin_epoch" AS "origin_epoch",
  "to_repeat" AS "to_repeat",
  "fingerprint" AS "fingerprint",
  "event" AS "event",
  "occurred_at" AS "occurred_at",
  "is_quiet" AS "is_quiet",
  "changed" AS "changed",
  "expires_from" AS "expires_from",
  "zone" AS "zone",
  "t_plan" AS "t_plan",
  "t_visits" AS "t_visits",
  "t_email" AS "t_email"
FROM (
  SELECT
    *
  FROM "shop_activation"."scratch_00000000_planned_people__mailer" AS "activation_planned"
  WHERE
    "op" = 'change'
) AS "p";

INSERT INTO "shop_activation"."plan_people__mailer" (
  "epoch",
  "seq",
  "op",
  "cause",
  "identity",
  "external_id",
  "external_key",
  "related_id",
  "target_id",
  "reason",
  "transition",
  "origin_epoch",
  "to_repeat",
  "fingerprint",
  "event",
  "occurred_at",
  "is_quiet",
  "changed",
  "expires_from",
  "zone",
  "t_plan",
  "t_visits",
  "t_email"
)
SELECT
  7 AS "epoch",
  ROW_NUMBER() OVER (ORDER BY "target_id", "identity") + 2 AS "seq",
  "op" AS "op",
  "cause" AS "cause",
  "identity" AS "identity",
  "external_id" AS "external_id",
  "external_key" AS "external_key",
  "related_id" AS "related_id",
  "target_id" AS "target_id",
  "reason" AS "reason",
  "transition" AS "transition",
  "origin_epoch" AS "origin_epoch",
  "to_repeat" AS "to_repeat",
  "fingerprint" AS "fingerprint",
  "event" AS "event",
  "occurred_at" AS "occurred_at",
  "is_quiet" AS "is_quiet",
  "changed" AS "changed",
  "expires_from" AS "expires_from",
  "zone" AS "zone",
  "t_plan" AS "t_plan",
  "t_visits" AS "t_visits",
  "t_email" AS "t_email"
FROM (
  SELECT
    *
  FROM "shop_activation"."scratch_00000000_planned_people__mailer" AS "activation_planned"
  WHERE
    "op" = 'add'
) AS "p";

MERGE INTO "shop_activation"."snapshot_people__mailer" AS "t"
USING (
  SELECT
    "c"."identity" AS "identity",
    CAST(NULL AS BIGINT) AS "fingerprint",
    1 AS "target_id"
  FROM "shop_activation"."scratch_00000000_candidates_people__mailer" AS "c"
  WHERE
    (
      "c"."is_wanted"
      AND "c"."is_known"
      AND NOT EXISTS(
        SELECT
          1
        FROM "shop_activation"."scratch_00000000_planned_people__mailer" AS "p"
        WHERE
          "p"."identity" = "c"."identity"
      )
    )
    AND NOT EXISTS(
      SELECT
        1
      FROM "shop_activation"."scratch_00000000_duplicates_people__mailer" AS "u"
      WHERE
        "u"."identity" = "c"."identity"
    )
) AS "n"
ON "t"."identity" = "n"."identity"
WHEN MATCHED THEN UPDATE SET
  "fingerprint" = "n"."fingerprint",
  "target_id" = "n"."target_id";

UPDATE "shop_activation"."snapshot_people__mailer" SET "attempted" = NULL, "attempted_op" = NULL
WHERE
  NOT "attempted_op" IS NULL
  AND "unconfirmed" IS NULL
  AND NOT "identity" IN (
    SELECT
      "identity"
    FROM "shop_activation"."scratch_00000000_planned_people__mailer" AS "activation_planned"
  );

UPDATE "shop_activation"."snapshot_people__mailer" SET "t_old" = NULL
WHERE
  NOT "t_old" IS NULL
  AND COALESCE(
    "external_key",
    TRANSLATE(
      TRIM(BOTH '	
                  　' FROM COALESCE("external_id", "identity")),
      'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
      'abcdefghijklmnopqrstuvwxyz'
    )
  ) IN (
    SELECT
      "id" AS "external_key",
      TRUE AS "n0"
    FROM "shop"."others"
  );

DELETE FROM "shop_activation"."dead_letters"
WHERE
  "sync" = 'people__mailer'
  AND "code" IN ('identity-missing', 'identity-duplicate', 'address-missing', 'null-refused');

INSERT INTO "shop_activation"."dead_letters" (
  "sync",
  "identity",
  "code",
  "reason",
  "first_rejected_at",
  "last_rejected_at",
  "attempts",
  "model_rows"
)
SELECT
  'people__mailer',
  '',
  'identity-missing',
  'the identity is null or blank',
  CAST(AT_TIMEZONE(CURRENT_TIMESTAMP, 'UTC') AS TIMESTAMP(6)),
  CAST(AT_TIMEZONE(CURRENT_TIMESTAMP, 'UTC') AS TIMESTAMP(6)),
  1,
  2;

INSERT INTO "shop_activation"."dead_letters" (
  "sync",
  "identity",
  "code",
  "reason",
  "first_rejected_at",
  "last_rejected_at",
  "attempts",
  "model_rows"
)
SELECT
  'people__mailer',
  "identity",
  'identity-duplicate',
  'the identity or its address stands more than once in the model',
  CAST(AT_TIMEZONE(CURRENT_TIMESTAMP, 'UTC') AS TIMESTAMP(6)),
  CAST(AT_TIMEZONE(CURRENT_TIMESTAMP, 'UTC') AS TIMESTAMP(6)),
  1,
  "model_rows"
FROM "shop_activation"."scratch_00000000_duplicates_people__mailer" AS "activation_duplicates"
WHERE
  NOT "identity" IN (
    SELECT
      "identity"
    FROM "shop_activation"."dead_letters"
    WHERE
      "sync" = 'people__mailer'
  )
  AND "model_rows" > 0
LIMIT 10000;

INSERT INTO "shop_activation"."dead_letters" (
  "sync",
  "identity",
  "code",
  "reason",
  "first_rejected_at",
  "last_rejected_at",
  "attempts",
  "model_rows"
)
SELECT
  'people__mailer',
  "identity",
  'address-missing',
  'the column of `identify_by` is null or blank',
  CAST(AT_TIMEZONE(CURRENT_TIMESTAMP, 'UTC') AS TIMESTAMP(6)),
  CAST(AT_TIMEZONE(CURRENT_TIMESTAMP, 'UTC') AS TIMESTAMP(6)),
  1,
  COUNT(*)
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
) AS "f"
WHERE
  "detail" = 'address-missing'
  AND NOT "identity" IN (
    SELECT
      "identity"
    FROM "shop_activation"."dead_letters"
    WHERE
      "sync" = 'people__mailer'
  )
GROUP BY
  "identity"
LIMIT 10000;

INSERT INTO "shop_activation"."dead_letters" (
  "sync",
  "identity",
  "code",
  "reason",
  "first_rejected_at",
  "last_rejected_at",
  "attempts",
  "model_rows"
)
SELECT
  'people__mailer',
  "identity",
  'null-refused',
  'a column with nulls: reject is null',
  CAST(AT_TIMEZONE(CURRENT_TIMESTAMP, 'UTC') AS TIMESTAMP(6)),
  CAST(AT_TIMEZONE(CURRENT_TIMESTAMP, 'UTC') AS TIMESTAMP(6)),
  1,
  COUNT(*)
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
) AS "f"
WHERE
  "detail" = 'null-refused'
  AND NOT "identity" IN (
    SELECT
      "identity"
    FROM "shop_activation"."dead_letters"
    WHERE
      "sync" = 'people__mailer'
  )
GROUP BY
  "identity"
LIMIT 10000;

INSERT INTO "shop_activation"."syncs" (
  "sync",
  "model",
  "destination",
  "kind",
  "identity",
  "identify_by",
  "definition",
  "definition_version",
  "columns",
  "recipe",
  "mapping",
  "wrote",
  "planned_epoch"
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
  '',
  '{"address":"email","identify_by":"email","options":{},"vendor":"mailer"}',
  '{"email": 7, "plan": 7, "visits": 7}',
  7;

MERGE INTO "shop_activation"."snapshot_people__mailer" AS "t"
USING (
  SELECT
    "p"."identity" AS "identity",
    CASE
      WHEN "a"."outcome" = 'rejected' AND NOT "s"."identity" IS NULL
      THEN "s"."external_id"
      ELSE "p"."external_id"
    END AS "external_id",
    CASE
      WHEN "a"."outcome" = 'rejected' AND NOT "s"."identity" IS NULL
      THEN "s"."external_key"
      ELSE "p"."external_key"
    END AS "external_key",
    CASE
      WHEN "a"."outcome" = 'rejected' AND NOT "s"."identity" IS NULL
      THEN "s"."related_id"
      ELSE "p"."related_id"
    END AS "related_id",
    CASE
      WHEN "a"."outcome" = 'rejected' AND NOT "s"."identity" IS NULL
      THEN "s"."target_id"
      ELSE "p"."target_id"
    END AS "target_id",
    CASE
      WHEN "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      THEN "p"."fingerprint"
      ELSE "s"."fingerprint"
    END AS "fingerprint",
    CASE
      WHEN "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      THEN NULL
      ELSE "p"."fingerprint"
    END AS "attempted",
    CASE
      WHEN "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      THEN CAST(NULL AS VARCHAR)
      ELSE "p"."op"
    END AS "attempted_op",
    CASE
      WHEN "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      THEN NOT "p"."op" = 'remove'
      ELSE COALESCE("s"."is_member", FALSE)
    END AS "is_member",
    CASE
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND "p"."op" = 'add'
      THEN TRUE
      WHEN "p"."op" = 'remove'
      AND "p"."cause" IS DISTINCT FROM 'moved'
      AND NOT "a"."outcome" = 'rejected'
      THEN FALSE
      ELSE COALESCE("s"."has_entered", COALESCE("s"."is_member", FALSE))
    END AS "has_entered",
    CASE
      WHEN (
        (
          "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
        )
        OR (
          "p"."op" = 'remove' AND NOT "a"."outcome" = 'rejected'
        )
      )
      THEN "p"."transition"
      ELSE COALESCE("s"."entries", 0)
    END AS "entries",
    COALESCE(
      "s"."first_entered_at",
      CASE
        WHEN "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
        THEN "a"."answered_at"
        ELSE NULL
      END
    ) AS "first_entered_at",
    CASE
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND "p"."op" = 'add'
      THEN "a"."answered_at"
      ELSE "s"."last_entered_at"
    END AS "last_entered_at",
    CASE
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND "p"."op" = 'remove'
      THEN "a"."answered_at"
      ELSE "s"."last_exited_at"
    END AS "last_exited_at",
    CASE
      WHEN "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      THEN "a"."answered_at"
      ELSE "s"."acknowledged_at"
    END AS "acknowledged_at",
    CASE
      WHEN "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      THEN 1
      ELSE "s"."definition_version"
    END AS "definition_version",
    CASE
      WHEN "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      THEN CAST(NULL AS VARCHAR)
      WHEN "a"."outcome" = 'rejected'
      THEN "s"."unconfirmed"
      ELSE "p"."op"
    END AS "unconfirmed",
    CASE
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND (
        (
          (
            "p"."op" = 'remove' AND NOT "p"."cause" = 'moved'
          )
          OR (
            "p"."cause" = 'moved'
            AND (
              NOT "p"."op" = 'remove'
              AND "p"."external_key" IS DISTINCT FROM "s"."external_key"
            )
          )
        )
        OR "s"."unsure" IS NULL
      )
      THEN NULL
      WHEN "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      THEN ',' || NULLIF(
        CONCAT(
          CASE
            WHEN (
              COALESCE(STRPOS("s"."unsure", ',t_plan,'), 0) > 0 OR "s"."unsure" = '*'
            )
            AND NOT SUBSTR("p"."changed", 1, 1) = '1'
            THEN 't_plan,'
            ELSE ''
          END,
          CASE
            WHEN (
              COALESCE(STRPOS("s"."unsure", ',t_visits,'), 0) > 0 OR "s"."unsure" = '*'
            )
            AND NOT SUBSTR("p"."changed", 2, 1) = '1'
            THEN 't_visits,'
            ELSE ''
          END,
          CASE
            WHEN (
              COALESCE(STRPOS("s"."unsure", ',t_email,'), 0) > 0 OR "s"."unsure" = '*'
            )
            AND NOT SUBSTR("p"."changed", 3, 1) = '1'
            THEN 't_email,'
            ELSE ''
          END,
          CASE
            WHEN (
              COALESCE(STRPOS("s"."unsure", ',t_old,'), 0) > 0 OR "s"."unsure" = '*'
            )
            AND NOT SUBSTR("p"."changed", 4, 1) = '1'
            THEN 't_old,'
            ELSE ''
          END,
          CASE
            WHEN (
              COALESCE(STRPOS("s"."unsure", ',t_visits_2,'), 0) > 0 OR "s"."unsure" = '*'
            )
            AND NOT SUBSTR("p"."changed", 5, 1) = '1'
            THEN 't_visits_2,'
            ELSE ''
          END
        ),
        ''
      )
      WHEN "a"."outcome" = 'rejected'
      THEN "s"."unsure"
      WHEN "s"."unsure" = '*'
      THEN "s"."unsure"
      ELSE ',' || NULLIF(
        CONCAT(
          CASE
            WHEN (
              COALESCE(STRPOS("s"."unsure", ',t_plan,'), 0) > 0 OR "s"."unsure" = '*'
            )
            OR SUBSTR("p"."changed", 1, 1) = '1'
            THEN 't_plan,'
            ELSE ''
          END,
          CASE
            WHEN (
              COALESCE(STRPOS("s"."unsure", ',t_visits,'), 0) > 0 OR "s"."unsure" = '*'
            )
            OR SUBSTR("p"."changed", 2, 1) = '1'
            THEN 't_visits,'
            ELSE ''
          END,
          CASE
            WHEN (
              COALESCE(STRPOS("s"."unsure", ',t_email,'), 0) > 0 OR "s"."unsure" = '*'
            )
            OR SUBSTR("p"."changed", 3, 1) = '1'
            THEN 't_email,'
            ELSE ''
          END,
          CASE
            WHEN (
              COALESCE(STRPOS("s"."unsure", ',t_old,'), 0) > 0 OR "s"."unsure" = '*'
            )
            OR SUBSTR("p"."changed", 4, 1) = '1'
            THEN 't_old,'
            ELSE ''
          END,
          CASE
            WHEN (
              COALESCE(STRPOS("s"."unsure", ',t_visits_2,'), 0) > 0 OR "s"."unsure" = '*'
            )
            OR SUBSTR("p"."changed", 5, 1) = '1'
            THEN 't_visits_2,'
            ELSE ''
          END
        ),
        ''
      )
    END AS "unsure",
    CASE
      WHEN "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      THEN 0
      WHEN "a"."outcome" IN ('delivered', 'adopted')
      THEN COALESCE("p"."to_repeat", 0) - 1
      WHEN "a"."outcome" = 'rejected'
      THEN "s"."to_repeat"
      ELSE COALESCE("p"."to_repeat", 0)
    END AS "to_repeat",
    CASE
      WHEN "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      THEN CAST(NULL AS BIGINT)
      WHEN "a"."outcome" = 'rejected'
      THEN "s"."origin_epoch"
      ELSE "p"."origin_epoch"
    END AS "origin_epoch",
    7 AS "written_epoch",
    "s"."remote_id" AS "remote_id",
    CASE
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND SUBSTR("p"."changed", 1, 1) = '1'
      AND "p"."op" = 'remove'
      THEN NULL
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND SUBSTR("p"."changed", 1, 1) = '1'
      THEN "p"."t_plan"
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND "p"."cause" = 'moved'
      AND (
        NOT "p"."op" = 'remove'
        AND "p"."external_key" IS DISTINCT FROM "s"."external_key"
      )
      THEN NULL
      WHEN (
        "a"."outcome" IN ('unknown', 'rejected_partial')
        OR (
          "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) > 0
        )
      )
      AND SUBSTR("p"."changed", 1, 1) = '1'
      AND NOT "p"."op" = 'remove'
      THEN COALESCE("p"."t_plan", "s"."t_plan")
      ELSE "s"."t_plan"
    END AS "t_plan",
    CASE
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND SUBSTR("p"."changed", 2, 1) = '1'
      AND "p"."op" = 'remove'
      THEN NULL
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND SUBSTR("p"."changed", 2, 1) = '1'
      THEN "p"."t_visits"
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND "p"."cause" = 'moved'
      AND (
        NOT "p"."op" = 'remove'
        AND "p"."external_key" IS DISTINCT FROM "s"."external_key"
      )
      THEN NULL
      WHEN (
        "a"."outcome" IN ('unknown', 'rejected_partial')
        OR (
          "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) > 0
        )
      )
      AND SUBSTR("p"."changed", 2, 1) = '1'
      AND NOT "p"."op" = 'remove'
      THEN COALESCE("p"."t_visits", "s"."t_visits")
      ELSE "s"."t_visits"
    END AS "t_visits",
    CASE
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND SUBSTR("p"."changed", 3, 1) = '1'
      AND "p"."op" = 'remove'
      THEN NULL
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND SUBSTR("p"."changed", 3, 1) = '1'
      THEN LOWER(TO_HEX(MD5(TO_UTF8('' || CAST("p"."t_email" AS VARCHAR)))))
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND "p"."cause" = 'moved'
      AND (
        NOT "p"."op" = 'remove'
        AND "p"."external_key" IS DISTINCT FROM "s"."external_key"
      )
      THEN NULL
      WHEN (
        "a"."outcome" IN ('unknown', 'rejected_partial')
        OR (
          "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) > 0
        )
      )
      AND SUBSTR("p"."changed", 3, 1) = '1'
      AND NOT "p"."op" = 'remove'
      THEN COALESCE(LOWER(TO_HEX(MD5(TO_UTF8('' || CAST("p"."t_email" AS VARCHAR))))), "s"."t_email")
      ELSE "s"."t_email"
    END AS "t_email",
    CASE
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND SUBSTR("p"."changed", 4, 1) = '1'
      AND "p"."op" = 'remove'
      THEN NULL
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND SUBSTR("p"."changed", 4, 1) = '1'
      THEN NULL
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND "p"."cause" = 'moved'
      AND (
        NOT "p"."op" = 'remove'
        AND "p"."external_key" IS DISTINCT FROM "s"."external_key"
      )
      THEN NULL
      ELSE "s"."t_old"
    END AS "t_old",
    CASE
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND SUBSTR("p"."changed", 5, 1) = '1'
      AND "p"."op" = 'remove'
      THEN NULL
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND SUBSTR("p"."changed", 5, 1) = '1'
      THEN NULL
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND "p"."cause" = 'moved'
      AND (
        NOT "p"."op" = 'remove'
        AND "p"."external_key" IS DISTINCT FROM "s"."external_key"
      )
      THEN NULL
      ELSE "s"."t_visits_2"
    END AS "t_visits_2"
  FROM "shop_activation"."plan_people__mailer" AS "p"
  JOIN "shop_activation"."acks_people__mailer" AS "a"
    ON "p"."epoch" = "a"."epoch" AND "p"."seq" = "a"."seq"
  LEFT JOIN "shop_activation"."snapshot_people__mailer" AS "s"
    ON "s"."identity" = "p"."identity"
  WHERE
    (
      "p"."epoch" = 7
      AND "a"."outcome" IN ('rejected', 'delivered', 'adopted', 'unknown', 'rejected_partial')
    )
    AND "p"."op" = 'remove'
    AND COALESCE("s"."written_epoch", 0) <= 7
) AS "n"
ON "t"."identity" = "n"."identity"
WHEN MATCHED THEN UPDATE SET
  "external_id" = "n"."external_id",
  "external_key" = "n"."external_key",
  "related_id" = "n"."related_id",
  "target_id" = "n"."target_id",
  "fingerprint" = "n"."fingerprint",
  "attempted" = "n"."attempted",
  "attempted_op" = "n"."attempted_op",
  "is_member" = "n"."is_member",
  "has_entered" = "n"."has_entered",
  "entries" = "n"."entries",
  "first_entered_at" = "n"."first_entered_at",
  "last_entered_at" = "n"."last_entered_at",
  "last_exited_at" = "n"."last_exited_at",
  "acknowledged_at" = "n"."acknowledged_at",
  "definition_version" = "n"."definition_version",
  "unconfirmed" = "n"."unconfirmed",
  "unsure" = "n"."unsure",
  "to_repeat" = "n"."to_repeat",
  "origin_epoch" = "n"."origin_epoch",
  "written_epoch" = "n"."written_epoch",
  "remote_id" = "n"."remote_id",
  "t_plan" = "n"."t_plan",
  "t_visits" = "n"."t_visits",
  "t_email" = "n"."t_email",
  "t_old" = "n"."t_old",
  "t_visits_2" = "n"."t_visits_2"
WHEN NOT MATCHED THEN INSERT (
  "identity",
  "external_id",
  "external_key",
  "related_id",
  "target_id",
  "fingerprint",
  "attempted",
  "attempted_op",
  "is_member",
  "has_entered",
  "entries",
  "first_entered_at",
  "last_entered_at",
  "last_exited_at",
  "acknowledged_at",
  "definition_version",
  "unconfirmed",
  "unsure",
  "to_repeat",
  "origin_epoch",
  "written_epoch",
  "remote_id",
  "t_plan",
  "t_visits",
  "t_email",
  "t_old",
  "t_visits_2"
) VALUES (
  "n"."identity",
  "n"."external_id",
  "n"."external_key",
  "n"."related_id",
  "n"."target_id",
  "n"."fingerprint",
  "n"."attempted",
  "n"."attempted_op",
  "n"."is_member",
  "n"."has_entered",
  "n"."entries",
  "n"."first_entered_at",
  "n"."last_entered_at",
  "n"."last_exited_at",
  "n"."acknowledged_at",
  "n"."definition_version",
  "n"."unconfirmed",
  "n"."unsure",
  "n"."to_repeat",
  "n"."origin_epoch",
  "n"."written_epoch",
  "n"."remote_id",
  "n"."t_plan",
  "n"."t_visits",
  "n"."t_email",
  "n"."t_old",
  "n"."t_visits_2"
);

MERGE INTO "shop_activation"."snapshot_people__mailer" AS "t"
USING (
  SELECT
    "p"."identity" AS "identity",
    CASE
      WHEN "a"."outcome" = 'rejected' AND NOT "s"."identity" IS NULL
      THEN "s"."external_id"
      ELSE "p"."external_id"
    END AS "external_id",
    CASE
      WHEN "a"."outcome" = 'rejected' AND NOT "s"."identity" IS NULL
      THEN "s"."external_key"
      ELSE "p"."external_key"
    END AS "external_key",
    CASE
      WHEN "a"."outcome" = 'rejected' AND NOT "s"."identity" IS NULL
      THEN "s"."related_id"
      ELSE "p"."related_id"
    END AS "related_id",
    CASE
      WHEN "a"."outcome" = 'rejected' AND NOT "s"."identity" IS NULL
      THEN "s"."target_id"
      ELSE "p"."target_id"
    END AS "target_id",
    CASE
      WHEN "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      THEN "p"."fingerprint"
      ELSE "s"."fingerprint"
    END AS "fingerprint",
    CASE
      WHEN "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      THEN NULL
      ELSE "p"."fingerprint"
    END AS "attempted",
    CASE
      WHEN "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      THEN CAST(NULL AS VARCHAR)
      ELSE "p"."op"
    END AS "attempted_op",
    CASE
      WHEN "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      THEN NOT "p"."op" = 'remove'
      ELSE COALESCE("s"."is_member", FALSE)
    END AS "is_member",
    CASE
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND "p"."op" = 'add'
      THEN TRUE
      WHEN "p"."op" = 'remove'
      AND "p"."cause" IS DISTINCT FROM 'moved'
      AND NOT "a"."outcome" = 'rejected'
      THEN FALSE
      ELSE COALESCE("s"."has_entered", COALESCE("s"."is_member", FALSE))
    END AS "has_entered",
    CASE
      WHEN (
        (
          "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
        )
        OR (
          "p"."op" = 'remove' AND NOT "a"."outcome" = 'rejected'
        )
      )
      THEN "p"."transition"
      ELSE COALESCE("s"."entries", 0)
    END AS "entries",
    COALESCE(
      "s"."first_entered_at",
      CASE
        WHEN "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
        THEN "a"."answered_at"
        ELSE NULL
      END
    ) AS "first_entered_at",
    CASE
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND "p"."op" = 'add'
      THEN "a"."answered_at"
      ELSE "s"."last_entered_at"
    END AS "last_entered_at",
    CASE
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND "p"."op" = 'remove'
      THEN "a"."answered_at"
      ELSE "s"."last_exited_at"
    END AS "last_exited_at",
    CASE
      WHEN "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      THEN "a"."answered_at"
      ELSE "s"."acknowledged_at"
    END AS "acknowledged_at",
    CASE
      WHEN "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      THEN 1
      ELSE "s"."definition_version"
    END AS "definition_version",
    CASE
      WHEN "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      THEN CAST(NULL AS VARCHAR)
      WHEN "a"."outcome" = 'rejected'
      THEN "s"."unconfirmed"
      ELSE "p"."op"
    END AS "unconfirmed",
    CASE
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND (
        (
          (
            "p"."op" = 'remove' AND NOT "p"."cause" = 'moved'
          )
          OR (
            "p"."cause" = 'moved'
            AND (
              NOT "p"."op" = 'remove'
              AND "p"."external_key" IS DISTINCT FROM "s"."external_key"
            )
          )
        )
        OR "s"."unsure" IS NULL
      )
      THEN NULL
      WHEN "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      THEN ',' || NULLIF(
        CONCAT(
          CASE
            WHEN (
              COALESCE(STRPOS("s"."unsure", ',t_plan,'), 0) > 0 OR "s"."unsure" = '*'
            )
            AND NOT SUBSTR("p"."changed", 1, 1) = '1'
            THEN 't_plan,'
            ELSE ''
          END,
          CASE
            WHEN (
              COALESCE(STRPOS("s"."unsure", ',t_visits,'), 0) > 0 OR "s"."unsure" = '*'
            )
            AND NOT SUBSTR("p"."changed", 2, 1) = '1'
            THEN 't_visits,'
            ELSE ''
          END,
          CASE
            WHEN (
              COALESCE(STRPOS("s"."unsure", ',t_email,'), 0) > 0 OR "s"."unsure" = '*'
            )
            AND NOT SUBSTR("p"."changed", 3, 1) = '1'
            THEN 't_email,'
            ELSE ''
          END,
          CASE
            WHEN (
              COALESCE(STRPOS("s"."unsure", ',t_old,'), 0) > 0 OR "s"."unsure" = '*'
            )
            AND NOT SUBSTR("p"."changed", 4, 1) = '1'
            THEN 't_old,'
            ELSE ''
          END,
          CASE
            WHEN (
              COALESCE(STRPOS("s"."unsure", ',t_visits_2,'), 0) > 0 OR "s"."unsure" = '*'
            )
            AND NOT SUBSTR("p"."changed", 5, 1) = '1'
            THEN 't_visits_2,'
            ELSE ''
          END
        ),
        ''
      )
      WHEN "a"."outcome" = 'rejected'
      THEN "s"."unsure"
      WHEN "s"."unsure" = '*'
      THEN "s"."unsure"
      ELSE ',' || NULLIF(
        CONCAT(
          CASE
            WHEN (
              COALESCE(STRPOS("s"."unsure", ',t_plan,'), 0) > 0 OR "s"."unsure" = '*'
            )
            OR SUBSTR("p"."changed", 1, 1) = '1'
            THEN 't_plan,'
            ELSE ''
          END,
          CASE
            WHEN (
              COALESCE(STRPOS("s"."unsure", ',t_visits,'), 0) > 0 OR "s"."unsure" = '*'
            )
            OR SUBSTR("p"."changed", 2, 1) = '1'
            THEN 't_visits,'
            ELSE ''
          END,
          CASE
            WHEN (
              COALESCE(STRPOS("s"."unsure", ',t_email,'), 0) > 0 OR "s"."unsure" = '*'
            )
            OR SUBSTR("p"."changed", 3, 1) = '1'
            THEN 't_email,'
            ELSE ''
          END,
          CASE
            WHEN (
              COALESCE(STRPOS("s"."unsure", ',t_old,'), 0) > 0 OR "s"."unsure" = '*'
            )
            OR SUBSTR("p"."changed", 4, 1) = '1'
            THEN 't_old,'
            ELSE ''
          END,
          CASE
            WHEN (
              COALESCE(STRPOS("s"."unsure", ',t_visits_2,'), 0) > 0 OR "s"."unsure" = '*'
            )
            OR SUBSTR("p"."changed", 5, 1) = '1'
            THEN 't_visits_2,'
            ELSE ''
          END
        ),
        ''
      )
    END AS "unsure",
    CASE
      WHEN "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      THEN 0
      WHEN "a"."outcome" IN ('delivered', 'adopted')
      THEN COALESCE("p"."to_repeat", 0) - 1
      WHEN "a"."outcome" = 'rejected'
      THEN "s"."to_repeat"
      ELSE COALESCE("p"."to_repeat", 0)
    END AS "to_repeat",
    CASE
      WHEN "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      THEN CAST(NULL AS BIGINT)
      WHEN "a"."outcome" = 'rejected'
      THEN "s"."origin_epoch"
      ELSE "p"."origin_epoch"
    END AS "origin_epoch",
    7 AS "written_epoch",
    "s"."remote_id" AS "remote_id",
    CASE
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND SUBSTR("p"."changed", 1, 1) = '1'
      AND "p"."op" = 'remove'
      THEN NULL
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND SUBSTR("p"."changed", 1, 1) = '1'
      THEN "p"."t_plan"
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND "p"."cause" = 'moved'
      AND (
        NOT "p"."op" = 'remove'
        AND "p"."external_key" IS DISTINCT FROM "s"."external_key"
      )
      THEN NULL
      WHEN (
        "a"."outcome" IN ('unknown', 'rejected_partial')
        OR (
          "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) > 0
        )
      )
      AND SUBSTR("p"."changed", 1, 1) = '1'
      AND NOT "p"."op" = 'remove'
      THEN COALESCE("p"."t_plan", "s"."t_plan")
      ELSE "s"."t_plan"
    END AS "t_plan",
    CASE
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND SUBSTR("p"."changed", 2, 1) = '1'
      AND "p"."op" = 'remove'
      THEN NULL
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND SUBSTR("p"."changed", 2, 1) = '1'
      THEN "p"."t_visits"
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND "p"."cause" = 'moved'
      AND (
        NOT "p"."op" = 'remove'
        AND "p"."external_key" IS DISTINCT FROM "s"."external_key"
      )
      THEN NULL
      WHEN (
        "a"."outcome" IN ('unknown', 'rejected_partial')
        OR (
          "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) > 0
        )
      )
      AND SUBSTR("p"."changed", 2, 1) = '1'
      AND NOT "p"."op" = 'remove'
      THEN COALESCE("p"."t_visits", "s"."t_visits")
      ELSE "s"."t_visits"
    END AS "t_visits",
    CASE
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND SUBSTR("p"."changed", 3, 1) = '1'
      AND "p"."op" = 'remove'
      THEN NULL
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND SUBSTR("p"."changed", 3, 1) = '1'
      THEN LOWER(TO_HEX(MD5(TO_UTF8('' || CAST("p"."t_email" AS VARCHAR)))))
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND "p"."cause" = 'moved'
      AND (
        NOT "p"."op" = 'remove'
        AND "p"."external_key" IS DISTINCT FROM "s"."external_key"
      )
      THEN NULL
      WHEN (
        "a"."outcome" IN ('unknown', 'rejected_partial')
        OR (
          "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) > 0
        )
      )
      AND SUBSTR("p"."changed", 3, 1) = '1'
      AND NOT "p"."op" = 'remove'
      THEN COALESCE(LOWER(TO_HEX(MD5(TO_UTF8('' || CAST("p"."t_email" AS VARCHAR))))), "s"."t_email")
      ELSE "s"."t_email"
    END AS "t_email",
    CASE
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND SUBSTR("p"."changed", 4, 1) = '1'
      AND "p"."op" = 'remove'
      THEN NULL
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND SUBSTR("p"."changed", 4, 1) = '1'
      THEN NULL
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND "p"."cause" = 'moved'
      AND (
        NOT "p"."op" = 'remove'
        AND "p"."external_key" IS DISTINCT FROM "s"."external_key"
      )
      THEN NULL
      ELSE "s"."t_old"
    END AS "t_old",
    CASE
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND SUBSTR("p"."changed", 5, 1) = '1'
      AND "p"."op" = 'remove'
      THEN NULL
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND SUBSTR("p"."changed", 5, 1) = '1'
      THEN NULL
      WHEN (
        "a"."outcome" IN ('delivered', 'adopted') AND COALESCE("p"."to_repeat", 0) = 0
      )
      AND "p"."cause" = 'moved'
      AND (
        NOT "p"."op" = 'remove'
        AND "p"."external_key" IS DISTINCT FROM "s"."external_key"
      )
      THEN NULL
      ELSE "s"."t_visits_2"
    END AS "t_visits_2"
  FROM "shop_activation"."plan_people__mailer" AS "p"
  JOIN "shop_activation"."acks_people__mailer" AS "a"
    ON "p"."epoch" = "a"."epoch" AND "p"."seq" = "a"."seq"
  LEFT JOIN "shop_activation"."snapshot_people__mailer" AS "s"
    ON "s"."identity" = "p"."identity"
  WHERE
    (
      "p"."epoch" = 7
      AND "a"."outcome" IN ('rejected', 'delivered', 'adopted', 'unknown', 'rejected_partial')
    )
    AND "p"."op" <> 'remove'
    AND COALESCE("s"."written_epoch", 0) <= 7
) AS "n"
ON "t"."identity" = "n"."identity"
WHEN MATCHED THEN UPDATE SET
  "external_id" = "n"."external_id",
  "external_key" = "n"."external_key",
  "related_id" = "n"."related_id",
  "target_id" = "n"."target_id",
  "fingerprint" = "n"."fingerprint",
  "attempted" = "n"."attempted",
  "attempted_op" = "n"."attempted_op",
  "is_member" = "n"."is_member",
  "has_entered" = "n"."has_entered",
  "entries" = "n"."entries",
  "first_entered_at" = "n"."first_entered_at",
  "last_entered_at" = "n"."last_entered_at",
  "last_exited_at" = "n"."last_exited_at",
  "acknowledged_at" = "n"."acknowledged_at",
  "definition_version" = "n"."definition_version",
  "unconfirmed" = "n"."unconfirmed",
  "unsure" = "n"."unsure",
  "to_repeat" = "n"."to_repeat",
  "origin_epoch" = "n"."origin_epoch",
  "written_epoch" = "n"."written_epoch",
  "remote_id" = "n"."remote_id",
  "t_plan" = "n"."t_plan",
  "t_visits" = "n"."t_visits",
  "t_email" = "n"."t_email",
  "t_old" = "n"."t_old",
  "t_visits_2" = "n"."t_visits_2"
WHEN NOT MATCHED THEN INSERT (
  "identity",
  "external_id",
  "external_key",
  "related_id",
  "target_id",
  "fingerprint",
  "attempted",
  "attempted_op",
  "is_member",
  "has_entered",
  "entries",
  "first_entered_at",
  "last_entered_at",
  "last_exited_at",
  "acknowledged_at",
  "definition_version",
  "unconfirmed",
  "unsure",
  "to_repeat",
  "origin_epoch",
  "written_epoch",
  "remote_id",
  "t_plan",
  "t_visits",
  "t_email",
  "t_old",
  "t_visits_2"
) VALUES (
  "n"."identity",
  "n"."external_id",
  "n"."external_key",
  "n"."related_id",
  "n"."target_id",
  "n"."fingerprint",
  "n"."attempted",
  "n"."attempted_op",
  "n"."is_member",
  "n"."has_entered",
  "n"."entries",
  "n"."first_entered_at",
  "n"."last_entered_at",
  "n"."last_exited_at",
  "n"."acknowledged_at",
  "n"."definition_version",
  "n"."unconfirmed",
  "n"."unsure",
  "n"."to_repeat",
  "n"."origin_epoch",
  "n"."written_epoch",
  "n"."remote_id",
  "n"."t_plan",
  "n"."t_visits",
  "n"."t_email",
  "n"."t_old",
  "n"."t_visits_2"
);

INSERT INTO "shop_activation"."deliveries" (
  "run_id",
  "sync",
  "epoch",
  "seq",
  "identity",
  "op",
  "cause",
  "reason",
  "changed",
  "outcome",
  "code",
  "delivered_at",
  "occurred_at",
  "definition_version"
)
SELECT
  'run' AS "run_id",
  'people__mailer' AS "sync",
  "p"."epoch" AS "epoch",
  "p"."seq" AS "seq",
  "p"."identity" AS "identity",
  "p"."op" AS "op",
  "p"."cause" AS "cause",
  "p"."reason" AS "reason",
  CASE
    WHEN "p"."changed" = '11111'
    THEN '*'
    ELSE CONCAT(
      CASE WHEN SUBSTR("p"."changed", 1, 1) = '1' THEN 'plan,' ELSE '' END,
      CASE WHEN SUBSTR("p"."changed", 2, 1) = '1' THEN 'visits,' ELSE '' END,
      CASE WHEN SUBSTR("p"."changed", 3, 1) = '1' THEN 'email,' ELSE '' END,
      CASE WHEN SUBSTR("p"."changed", 4, 1) = '1' THEN 'old,' ELSE '' END,
      CASE WHEN SUBSTR("p"."changed", 5, 1) = '1' THEN 'visits,' ELSE '' END
    )
  END AS "changed",
  "a"."outcome" AS "outcome",
  "a"."code" AS "code",
  "a"."answered_at" AS "delivered_at",
  "p"."occurred_at" AS "occurred_at",
  1 AS "definition_version"
FROM "shop_activation"."plan_people__mailer" AS "p"
JOIN "shop_activation"."acks_people__mailer" AS "a"
  ON "p"."epoch" = "a"."epoch" AND "p"."seq" = "a"."seq"
WHERE
  (
    "p"."epoch" = 7
    AND "a"."outcome" IN ('delivered', 'rejected', 'unknown', 'rejected_partial')
  )
  AND NOT EXISTS(
    SELECT
      1
    FROM "shop_activation"."deliveries" AS "d"
    WHERE
      "d"."sync" = 'people__mailer' AND "d"."epoch" = 7 AND "d"."seq" = "p"."seq"
  );

MERGE INTO "shop_activation"."dead_letters" AS "t"
USING (
  SELECT
    'people__mailer' AS "sync",
    "p"."identity" AS "identity",
    "p"."op" AS "op",
    "a"."code" AS "code",
    "a"."reason" AS "reason",
    COALESCE("d"."first_rejected_at", "a"."answered_at") AS "first_rejected_at",
    "a"."answered_at" AS "last_rejected_at",
    CASE
      WHEN COALESCE("d"."epoch", 0) < 7
      THEN COALESCE("d"."attempts", 0) + 1
      ELSE COALESCE("d"."attempts", 0)
    END AS "attempts",
    1 AS "model_rows",
    7 AS "epoch"
  FROM "shop_activation"."plan_people__mailer" AS "p"
  JOIN "shop_activation"."acks_people__mailer" AS "a"
    ON "p"."epoch" = "a"."epoch" AND "p"."seq" = "a"."seq"
  LEFT JOIN "shop_activation"."dead_letters" AS "d"
    ON "d"."sync" = 'people__mailer' AND "d"."identity" = "p"."identity"
  WHERE
    (
      "p"."epoch" = 7 AND "a"."outcome" IN ('rejected', 'rejected_partial')
    )
    AND NOT EXISTS(
      SELECT
        1
      FROM "shop_activation"."plan_people__mailer" AS "p2"
      JOIN "shop_activation"."acks_people__mailer" AS "a2"
        ON "p2"."epoch" = "a2"."epoch" AND "p2"."seq" = "a2"."seq"
      WHERE
        "p2"."epoch" = 7
        AND "a2"."outcome" IN ('rejected', 'rejected_partial')
        AND "p2"."identity" = "p"."identity"
        AND "p2"."seq" > "p"."seq"
    )
) AS "n"
ON "t"."sync" = "n"."sync" AND "t"."identity" = "n"."identity"
WHEN MATCHED THEN UPDATE SET
  "op" = "n"."op",
  "code" = "n"."code",
  "reason" = "n"."reason",
  "first_rejected_at" = "n"."first_rejected_at",
  "last_rejected_at" = "n"."last_rejected_at",
  "attempts" = "n"."attempts",
  "model_rows" = "n"."model_rows",
  "epoch" = "n"."epoch"
WHEN NOT MATCHED THEN INSERT (
  "sync",
  "identity",
  "op",
  "code",
  "reason",
  "first_rejected_at",
  "last_rejected_at",
  "attempts",
  "model_rows",
  "epoch"
) VALUES (
  "n"."sync",
  "n"."identity",
  "n"."op",
  "n"."code",
  "n"."reason",
  "n"."first_rejected_at",
  "n"."last_rejected_at",
  "n"."attempts",
  "n"."model_rows",
  "n"."epoch"
);

DELETE FROM "shop_activation"."dead_letters"
WHERE
  "sync" = 'people__mailer'
  AND "identity" IN (
    SELECT
      "p"."identity"
    FROM "shop_activation"."plan_people__mailer" AS "p"
    JOIN "shop_activation"."acks_people__mailer" AS "a"
      ON "p"."epoch" = "a"."epoch" AND "p"."seq" = "a"."seq"
    WHERE
      "p"."epoch" = 7 AND "a"."outcome" IN ('delivered', 'adopted')
  )
  AND NOT "identity" IN (
    SELECT
      "p"."identity"
    FROM "shop_activation"."plan_people__mailer" AS "p"
    JOIN "shop_activation"."acks_people__mailer" AS "a"
      ON "p"."epoch" = "a"."epoch" AND "p"."seq" = "a"."seq"
    WHERE
      "p"."epoch" = 7 AND "a"."outcome" IN ('rejected', 'rejected_partial')
  );

UPDATE "shop_activation"."syncs" SET "settled_epoch" = 7
WHERE
  "sync" = 'people__mailer';

DELETE FROM "shop_activation"."plan_people__mailer"
WHERE
  "epoch" <= 7;

DELETE FROM "shop_activation"."acks_people__mailer"
WHERE
  "epoch" <= 7;
