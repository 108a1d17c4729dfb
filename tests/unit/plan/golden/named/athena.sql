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
    "s"."remote_id" AS "old_remote_id",
    "c"."t_plan" AS "t_plan",
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
    ) AS "d0"
  FROM "shop_activation"."scratch_00000000_candidates_people__mailer" AS "c"
  LEFT JOIN "shop_activation"."snapshot_people__mailer" AS "s"
    ON "s"."identity" = "c"."identity"
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
    COALESCE(CASE WHEN NOT "is_wanted" THEN "old_target_id" ELSE 2 END, 2) AS "target_id",
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
    CASE
      WHEN CASE
        WHEN "op" = 'remove'
        THEN "h0"
        ELSE (
          CASE
            WHEN "cause" IN ('new', 'moved')
            THEN (
              NOT "t_plan" IS NULL
            )
            WHEN "cause" = 'changed'
            THEN (
              "d0"
            )
            ELSE TRUE
          END
        )
      END
      THEN '1'
      ELSE '0'
    END AS "changed",
    CASE WHEN "h0" THEN '1' ELSE '0' END AS "leaving_changed",
    "t_plan" AS "t_plan",
    CAST(NULL AS TIMESTAMP(6)) AS "expires_from",
    CAST(NULL AS VARCHAR) AS "zone",
    (
      "is_member" OR NOT "unconfirmed" IS NULL
    ) AS "is_held",
    "old_remote_id" AS "old_remote_id",
    CASE
      WHEN NOT NOT "is_wanted" AND "old_target_id" IN (1)
      THEN ''
      ELSE "old_remote_id"
    END AS "remote_id"
  FROM (
    SELECT
      *,
      CASE
        WHEN NOT "is_wanted"
        AND (
          (
            "is_member" OR NOT "unconfirmed" IS NULL
          ) OR "has_entered" OR "h0"
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
          "old_target_id" IN (1) OR "external_key" IS DISTINCT FROM "old_external_key"
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
        WHEN "d0"
        THEN 'change'
        ELSE 'same'
      END AS "op",
      CASE
        WHEN NOT "is_wanted"
        AND (
          (
            "is_member" OR NOT "unconfirmed" IS NULL
          ) OR "has_entered" OR "h0"
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
          "old_target_id" IN (1) OR "external_key" IS DISTINCT FROM "old_external_key"
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
        WHEN "d0"
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
  "remote_id",
  "t_plan"
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
  "old_remote_id" AS "remote_id",
  "t_plan" AS "t_plan"
FROM "decided"
WHERE
  "cause" = 'moved' AND "is_held";

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
        CASE
          WHEN (
            COALESCE(STRPOS("s"."unsure", ',t_plan,'), 0) > 0 OR "s"."unsure" = '*'
          )
          AND NOT SUBSTR("p"."changed", 1, 1) = '1'
          THEN 't_plan,'
          ELSE ''
        END,
        ''
      )
      WHEN "a"."outcome" = 'rejected'
      THEN "s"."unsure"
      WHEN "s"."unsure" = '*'
      THEN "s"."unsure"
      ELSE ',' || NULLIF(
        CASE
          WHEN (
            COALESCE(STRPOS("s"."unsure", ',t_plan,'), 0) > 0 OR "s"."unsure" = '*'
          )
          OR SUBSTR("p"."changed", 1, 1) = '1'
          THEN 't_plan,'
          ELSE ''
        END,
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
    CASE
      WHEN "a"."outcome" = 'rejected'
      THEN "s"."remote_id"
      ELSE NULLIF(
        COALESCE(
          "a"."remote_id",
          CASE WHEN "p"."remote_id" = '' THEN CAST(NULL AS VARCHAR) ELSE "s"."remote_id" END
        ),
        ''
      )
    END AS "remote_id",
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
    END AS "t_plan"
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
  "t_plan" = "n"."t_plan"
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
  "t_plan"
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
  "n"."t_plan"
);
